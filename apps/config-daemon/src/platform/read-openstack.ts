import { messageOf } from '@sriov/errors';
import { findConfigDrive, type Kernel, readConfigDrive } from '@sriov/host';
import { type KnownPort, readOpenStackPorts } from '@sriov/node-plan';
import { demandOk } from './demand-ok.ts';
import { type MetadataService, MetadataServiceError } from './metadata-service.ts';

/** Version of the metadata that every Nova since Rocky has. */
const FOLDER = 'openstack/2018-08-27';

type ReadFile = (name: string) => Promise<string>;

/**
 * Reads the ports of an OpenStack guest: from its config drive where it has one that can be read, or else from the
 * metadata service.
 * @throws {MetadataServiceError} when neither tells them
 */
export async function readOpenStack(kernel: Kernel, service: MetadataService): Promise<KnownPort[]> {
  const causes: string[] = [];
  const drive = await findConfigDrive(kernel).catch((error: unknown) => void causes.push(messageOf(error)));
  if (drive !== undefined) {
    const readFile: ReadFile = (name) => readConfigDrive(kernel, drive, `${FOLDER}/${name}`);
    const ports = await readPorts(readFile).catch((error: unknown) => {
      causes.push(`config drive ${drive.device}: ${messageOf(error)}`);
    });
    if (ports !== undefined) return ports;
  }
  try {
    return await readPorts(async (name) => demandOk(service, `/${FOLDER}/${name}`));
  } catch (cause) {
    throw new MetadataServiceError([...causes, messageOf(cause)].join('; '), { cause });
  }
}

async function readPorts(readFile: ReadFile): Promise<KnownPort[]> {
  const networkData = await readFile('network_data.json');
  // It only has hints, which are not worth a failure.
  const metaData = await readFile('meta_data.json').catch(() => undefined);
  return readOpenStackPorts({ networkData, metaData });
}
