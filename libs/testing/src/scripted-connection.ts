import { type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { type KubeObject } from '@sriov/api';

/** A request as it would have gone to the API server. */
export interface SentRequest {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** An answer of the script; status 200 unless given. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly body?: object;
}

/** The part of a request that the script looks at; the connection of `@sriov/kube` sends these. */
interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly check?: () => void;
}

/**
 * A connection that reaches no API server: it keeps what is sent, and answers as a script says. Without a script a
 * write succeeds and has the next resource version, and nothing is found. For tests of what is written, and of what
 * becomes of a refusal; whether the API server would take it, only the real one tells.
 */
export class ScriptedConnection {
  readonly server = 'https://scripted';
  readonly sent: SentRequest[] = [];
  /** Answers a request; nothing for the answer that is usual. */
  script: (request: SentRequest) => ScriptedAnswer | undefined = () => undefined;
  #version = 1_000;

  /** What was written so far: all requests but those that read. */
  get writes(): SentRequest[] {
    return this.sent.filter(({ method }) => method !== 'GET');
  }

  send(request: RawRequest): Promise<IncomingMessage> {
    request.check?.();
    const url = new URL(request.path, this.server);
    const body: unknown = request.body === undefined ? undefined : JSON.parse(request.body);
    const sent = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), body };
    this.sent.push(sent);
    const { status = 200, body: answer = {} } = this.script(sent) ?? this.#succeed(sent);
    const stream = Readable.from([Buffer.from(JSON.stringify(answer))]);
    return Promise.resolve(Object.assign(stream, { statusCode: status, headers: {} }) as unknown as IncomingMessage);
  }

  close(): void {
    this.script = () => ({ status: 503, body: { message: 'the connection is closed' } });
  }

  #succeed({ method, path, body }: SentRequest): ScriptedAnswer {
    if (method === 'GET') return refusal(404, `${path} not found`);
    const name = path
      .replace(/\/status$/, '')
      .split('/')
      .at(-1);
    const object = (body ?? {}) as Partial<KubeObject>;
    const resourceVersion = String((this.#version += 1));
    return { body: { ...object, metadata: { name, ...object.metadata, resourceVersion } } };
  }
}

/** What the API server answers when it refuses. */
export function refusal(status: number, message = `refused ${status}`): ScriptedAnswer {
  return { status, body: { kind: 'Status', code: status, reason: '', message } };
}
