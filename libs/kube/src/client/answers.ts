import { type IncomingMessage } from 'node:http';
import { type KubeObject } from '@sriov/api';
import { messageOf } from '@sriov/errors';
import { ApiError } from '../api-error.ts';
import { type ApiRequest } from '../connection/connection.ts';
import { toEvent, toGroupNames, toObject, toPage } from './objects.ts';
import { type Page, type WatchEvent } from './requests.ts';
import { readStatus, type Status } from './status.ts';

/** A line of a watch as an event. @throws {ApiError} with status 0 when the line is no event in JSON. */
export function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  const event = toEvent<T>(parseLine(line));
  if (event === undefined) throw badLine(line, 'no event');
  return event;
}

/** The body of an answer as an object. @throws {ApiError} with status 0 when it is no Kubernetes object in JSON. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names the kind it asked for
export function parseObject<T extends KubeObject>(request: ApiRequest, text: string): T {
  const object = toObject<T>(parseAnswer(request, text));
  if (object === undefined) throw failed(request, `the answer is no Kubernetes object: ${text.slice(0, 100)}`);
  return object;
}

/** The body of an answer as a page of a list. @throws {ApiError} with status 0 when it is no Kubernetes list in JSON. */
export function parsePage<T extends KubeObject>(request: ApiRequest, text: string): Page<T> {
  const page = toPage<T>(parseAnswer(request, text));
  if (page === undefined) throw failed(request, `the answer is no Kubernetes list: ${text.slice(0, 100)}`);
  return page;
}

/** The body of an answer as names of API groups. @throws {ApiError} with status 0 when it is no list of them. */
export function parseGroups(request: ApiRequest, text: string): string[] {
  const groups = toGroupNames(parseAnswer(request, text));
  if (groups === undefined) throw failed(request, `the answer is no list of API groups: ${text.slice(0, 100)}`);
  return groups;
}

/** The body of an answer as JSON. @throws {ApiError} with status 0 when the body is not JSON. */
export function parseAnswer(request: ApiRequest, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw failed(request, `the answer is not JSON: ${text.slice(0, 100)}`, cause);
  }
}

/** The whole body of an answer. @throws {ApiError} with status 0 when the body breaks off, or `signal` aborts. */
export async function readAnswer(request: ApiRequest, response: IncomingMessage, signal: AbortSignal): Promise<string> {
  try {
    return await readText(response);
  } catch (cause) {
    const why = signal.aborted ? messageOf(signal.reason) : `the answer broke off: ${messageOf(cause)}`;
    throw failed(request, why, cause);
  }
}

/**
 * What the server answers with status 500 when it accepts an object and its store does not: etcd's
 * `--max-request-bytes` (1.5 MiB by default) and the limit of a gRPC message. Such an object is as much too large as
 * one that the server itself refuses.
 */
const STORE_LIMIT = /etcdserver: request is too large|trying to send message larger than max/;

/** The error of an answer that is not a success. */
export async function refusal(request: ApiRequest, response: IncomingMessage): Promise<ApiError> {
  const text = await readText(response).catch(() => '');
  const status = response.statusCode ?? 0;
  const { message, reason, details } = parseStatus(text);
  return new ApiError(`${request.method} ${pathOf(request)}: ${message ?? `HTTP ${status}`}`, {
    status: STORE_LIMIT.test(message ?? '') ? 413 : status,
    reason: reason ?? '',
    causes: (details?.causes ?? []).flatMap((cause) => cause.message ?? []),
    retryAfterMs: retryAfterMsOf(response.headers['retry-after']),
  });
}

/** The path of a request without its query: messages name it. */
export function pathOf(request: ApiRequest): string {
  return request.path.split('?')[0] ?? '';
}

/** API servers write seconds; a date, which HTTP allows as well, counts as nothing. */
function retryAfterMsOf(header: string | undefined): number | undefined {
  const seconds = Number(header);
  return header && Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function failed(request: ApiRequest, why: string, cause?: unknown): ApiError {
  return new ApiError(`${request.method} ${pathOf(request)}: ${why}`, { status: 0, cause });
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw badLine(line, 'not JSON', cause);
  }
}

function badLine(line: string, what: string, cause?: unknown): ApiError {
  return new ApiError(`a watch sent a line of ${line.length} characters that is ${what}`, { status: 0, cause });
}

/** What a refusal says: a Status, or the words of a proxy. */
function parseStatus(text: string): Status {
  const words = text === '' ? {} : { message: text.slice(0, 300).trim() };
  try {
    return readStatus(JSON.parse(text)) ?? words;
  } catch {
    return words;
  }
}
