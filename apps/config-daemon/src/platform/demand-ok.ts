import { type MetadataRequest, type MetadataService, MetadataServiceError } from './metadata-service.ts';

/** The text behind a path. @throws {MetadataServiceError} for any answer but 200 */
export async function demandOk(
  service: MetadataService,
  path: string,
  headers: MetadataRequest['headers'] = {},
): Promise<string> {
  const { status, text } = await service.ask({ path, headers });
  if (status === 200) return text;
  throw new MetadataServiceError(`${path} of the metadata service: HTTP status ${status}`);
}
