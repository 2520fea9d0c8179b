import { type IncomingMessage } from 'node:http';
import { messageOf } from '@sriov/errors';
import { ApiError } from '../api-error.ts';
import { type ApiRequest } from '../connection/connection.ts';
import { type WatchEvent } from './requests.ts';

/** A line of a watch as an event. @throws {ApiError} with status 0 when the line is not JSON. */
export function parseEvent<T>(line: string): WatchEvent<T> {
  try {
    return JSON.parse(line) as WatchEvent<T>;
  } catch (cause) {
    throw new ApiError(`a watch sent a line of ${line.length} characters that is not JSON`, { status: 0, cause });
  }
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
  const { message, reason } = parseStatus(text);
  return new ApiError(`${request.method} ${pathOf(request)}: ${message ?? `HTTP ${status}`}`, {
    status: STORE_LIMIT.test(message ?? '') ? 413 : status,
    reason: reason ?? '',
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

function failed(request: ApiRequest, why: string, cause: unknown): ApiError {
  return new ApiError(`${request.method} ${pathOf(request)}: ${why}`, { status: 0, cause });
}

async function readText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk as string;
  return text;
}

function parseStatus(text: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(text) as { message?: string; reason?: string };
  } catch {
    return text === '' ? {} : { message: text.slice(0, 300).trim() };
  }
}
