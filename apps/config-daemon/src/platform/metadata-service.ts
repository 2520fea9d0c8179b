/** What a service for the metadata of a virtual machine answered. */
export interface MetadataAnswer {
  /** Status of HTTP. */
  readonly status: number;
  readonly text: string;
}

/** A request to it. */
export interface MetadataRequest {
  /** From the root of the service: `/latest/api/token`. */
  readonly path: string;
  readonly method?: 'GET' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service for the metadata of a virtual machine, as far as the daemon asks it. */
export interface MetadataService {
  /**
   * Asks it. Redirections are answers like others: nobody is sent elsewhere.
   * @throws {MetadataServiceError} when there is no answer in time, or it is too large
   */
  ask(request: MetadataRequest): Promise<MetadataAnswer>;
}

/** The service did not answer, or not as it should. The message is a sentence without a full stop. */
export class MetadataServiceError extends Error {
  override readonly name = 'MetadataServiceError';
  readonly code = 'METADATA_UNAVAILABLE';
}
