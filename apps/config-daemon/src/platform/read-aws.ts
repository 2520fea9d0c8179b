import { type KnownPort, readAwsMacs, readAwsPort } from '@sriov/node-plan';
import pLimit from 'p-limit';
import { demandOk } from './demand-ok.ts';
import { type MetadataRequest, type MetadataService, MetadataServiceError } from './metadata-service.ts';

const TOKEN = '/latest/api/token';
const MACS = '/latest/meta-data/network/interfaces/macs/';
/** Longer than it takes to ask for everything. */
const TOKEN_SECONDS = '60';
/** The service limits how often it is asked. */
const ASKED_AT_ONCE = 4;

/**
 * Reads the ports of an EC2 instance from its metadata service, by IMDSv2. Version 1 is used only where the service says
 * that it has no other.
 * @throws {MetadataServiceError} {@link MetadataError} when it does not tell them
 */
export async function readAws(service: MetadataService): Promise<KnownPort[]> {
  const headers = await openSession(service);
  const macs = readAwsMacs(await demandOk(service, MACS, headers));
  const atOnce = pLimit(ASKED_AT_ONCE);
  return Promise.all(
    macs.map((mac) =>
      atOnce(async () => readAwsPort(mac, await demandOk(service, `${MACS}${mac}/subnet-id`, headers))),
    ),
  );
}

/** Answers of a service that knows no sessions: no such path, or no such method. */
const HAS_NO_SESSIONS = [404, 405];

async function openSession(service: MetadataService): Promise<MetadataRequest['headers']> {
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS };
  const { status, text } = await service.ask({ path: TOKEN, method: 'PUT', headers: ttl });
  if (HAS_NO_SESSIONS.includes(status)) return {};
  if (status !== 200) throw new MetadataServiceError(`${TOKEN} of the metadata service: HTTP status ${status}`);
  const token = text.trim();
  // What is none must not get into a header.
  if (!/^[\w=+/.-]{1,1024}$/.test(token)) throw new MetadataServiceError(`${TOKEN} of the metadata service: no token`);
  return { 'X-aws-ec2-metadata-token': token };
}
