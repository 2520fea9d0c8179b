import { createHash } from 'node:crypto';
import { apiVersionOf, type EventText, formatTime, type KubeObject, type Resource } from '@sriov/api';
import { type Clock, type Logger } from '@sriov/runtime';
import { isNotFound } from './api-error.ts';
import { type KubeClient } from './client/client.ts';
import { EVENT, type KubeEvent } from './core-resources.ts';

/** Where events come from and go to. */
export interface RecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the service. */
  readonly component: string;
  /** Unique to this process. */
  readonly instance: string;
}

/** The same event within this time raises the count of the first one instead of adding another. */
const AGGREGATE_MS = 10 * 60_000;
/** Shortest time between two writes of a count. The next write counts what comes in between. */
const WRITE_INTERVAL_MS = 10_000;
/** Events remembered for aggregation. */
const MEMORY = 2_000;
/** Messages of one reason about one object within {@link AGGREGATE_MS}; further ones share one event. */
const MAX_MESSAGES = 10;
/** Most writes under way. Further events are dropped, so that they never delay work. */
const MAX_IN_FLIGHT = 500;

/** What an event is made of. */
interface EventFacts {
  readonly resource: Resource;
  readonly object: KubeObject;
  readonly text: EventText;
  readonly id: string;
}

/**
 * Records Events. Recording never fails and never waits: an Event informs people, and is no state.
 * Equal events are counted on one object, so a failure that repeats does not flood `kubectl get events`.
 */
export class EventRecorder {
  readonly #options: RecorderOptions;
  readonly #recent = new Map<string, Remembered>();
  /** Messages by object, type and reason; `since` is on the clock that never jumps. */
  readonly #groups = new Map<string, { readonly since: number; readonly messages: Set<string> }>();
  readonly #inFlight = new Set<Promise<void>>();

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Records an event about the object: the first line of the message, and how many more there are. */
  record(resource: Resource, object: KubeObject, { type, reason, message: text }: EventText): void {
    const message = firstLine(text);
    const { clock } = this.#options;
    const now = clock.elapsed();
    const group = [object.metadata.uid ?? object.metadata.name, type, reason].join('\u0000');
    const isCrowded = this.#isCrowded(group, message);
    const id = isCrowded ? group : `${group}\u0000${message}`;
    const words = (isCrowded ? `(one of many like it) ${message}` : message).slice(0, 1024);
    const known = this.#recent.get(id);
    if (known && now - known.recordedAt < AGGREGATE_MS) {
      Object.assign(known, { count: known.count + 1, recordedAt: now, lastSeen: clock.now(), message: words });
      this.#scheduleCount(known);
      return;
    }
    const event = this.#build({ resource, object, text: { type, reason, message: words }, id });
    remember(this.#recent, id, {
      event,
      message: words,
      count: 1,
      lastSeen: clock.now(),
      recordedAt: now,
      writtenAt: now,
      cancelWrite: undefined,
      lastWrite: this.#write(() => this.#options.client.create(EVENT, event)),
    });
  }

  /** True when the message is one too many of its kind, as of a failure whose words differ each time. */
  #isCrowded(group: string, message: string): boolean {
    const now = this.#options.clock.elapsed();
    const present = this.#groups.get(group);
    const { messages } = present && now - present.since < AGGREGATE_MS ? present : { messages: new Set<string>() };
    if (messages !== present?.messages) remember(this.#groups, group, { since: now, messages });
    if (messages.size < MAX_MESSAGES) messages.add(message);
    return !messages.has(message);
  }

  /** Writes the counts that are still due, and resolves when all is written. Call it before the process ends. */
  async flush(): Promise<void> {
    for (const known of this.#recent.values()) {
      if (known.cancelWrite) this.#startWrite(known);
    }
    await Promise.all(this.#inFlight);
  }

  #scheduleCount(known: Remembered): void {
    if (known.cancelWrite) return;
    const { clock } = this.#options;
    const wait = Math.max(0, known.writtenAt + WRITE_INTERVAL_MS - clock.elapsed());
    known.cancelWrite = clock.setTimer(wait, () => this.#startWrite(known));
  }

  #startWrite(known: Remembered): void {
    known.cancelWrite?.();
    known.cancelWrite = undefined;
    known.writtenAt = this.#options.clock.elapsed();
    known.lastWrite = this.#write(() => this.#writeCount(known));
  }

  async #writeCount(known: Remembered): Promise<void> {
    const { client } = this.#options;
    await known.lastWrite;
    const { event, message, count, lastSeen } = known;
    const patch = { count, message, lastTimestamp: formatTime(lastSeen) };
    try {
      await client.mergePatch(EVENT, event.metadata, { patch });
    } catch (error) {
      // Events live for an hour. One that was removed is created again.
      if (!isNotFound(error)) throw error;
      await client.create(EVENT, { ...event, ...patch });
    }
  }

  #build(about: EventFacts): KubeEvent {
    const { resource, object, text, id } = about;
    const { component, instance, clock } = this.#options;
    const { name, namespace, uid } = object.metadata;
    const now = clock.now();
    // The time of day alone can come twice, and with it the name: then the event would be refused.
    const key = [instance, now, clock.elapsed(), id].join('\u0000');
    const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
    const time = formatTime(now);
    return {
      metadata: { name: `${name.slice(0, 200)}.${hash}`, namespace: namespace ?? 'default' },
      involvedObject: {
        apiVersion: apiVersionOf(resource),
        kind: resource.kind,
        name,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
      },
      type: text.type,
      reason: text.reason,
      message: text.message,
      count: 1,
      firstTimestamp: time,
      lastTimestamp: time,
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
    };
  }

  #write(write: () => Promise<unknown>): Promise<void> {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) return Promise.resolve();
    const tracked: Promise<void> = write()
      .then(() => undefined)
      .catch((error: unknown) => this.#options.log.debug({ err: error }, 'could not record an event'))
      .finally(() => this.#inFlight.delete(tracked));
    this.#inFlight.add(tracked);
    return tracked;
  }
}

/** Keeps the newest {@link MEMORY}. */
function remember<T>(memory: Map<string, T>, id: string, value: T): void {
  memory.delete(id);
  memory.set(id, value);
  const [oldest] = memory.keys();
  if (memory.size > MEMORY && oldest !== undefined) memory.delete(oldest);
}

interface Remembered {
  readonly event: KubeEvent;
  message: string;
  count: number;
  /** Milliseconds since the epoch, for people. */
  lastSeen: number;
  /** The same moment on the clock that never jumps. */
  recordedAt: number;
  /** On the clock that never jumps. */
  writtenAt: number;
  /** Set while a write of the count is due. */
  cancelWrite: (() => void) | undefined;
  /** The write before, which the next one must not overtake. */
  lastWrite: Promise<void>;
}

/** An Event is one line of a table; all that there is to say stands in the conditions of the object. */
function firstLine(message: string): string {
  const [first = '', ...more] = message.split('\n');
  return more.length === 0 ? first : `${first} (and ${more.length} more in the object's status)`;
}
