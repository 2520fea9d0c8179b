/** Names and PCI addresses of the two ports that each guest has. */
export const PFS = { eth1: '0000:01:00.0', eth2: '0000:02:00.0' } as const;
