/** Version of all services, of the command line, and of the chart and its images: its `appVersion` says the same. */
export const OPERATOR_VERSION = '0.1.0';
