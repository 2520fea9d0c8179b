import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type KubeletNews, type KubeletRequest, type List, newsSchema } from './messages.ts';

type Answer = Extract<KubeletNews, { tell: 'took' | 'failed' }>;

/** A kubelet that another process plays, on real sockets. */
export class PlayedKubelet {
  readonly #child: ChildProcess;
  /** The last list of each resource. */
  readonly #lists = new Map<string, List>();
  readonly #waiting = new Set<() => void>();
  #onAnswer: (news: Answer) => void = () => undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => {
      const news = newsSchema.parse(message);
      if (news.tell === 'list') this.#lists.set(news.resource, news);
      if (news.tell === 'took' || news.tell === 'failed') this.#onAnswer(news);
      for (const wake of this.#waiting) wake();
      this.#waiting.clear();
    });
  }

  /** It serves when this resolves. @param folder stands for `/var/lib/kubelet` */
  static async start(folder: string): Promise<PlayedKubelet> {
    const child = fork(join(import.meta.dirname, 'main.ts'), [folder], { execArgv: ['--import', 'tsx'] });
    const kubelet = new PlayedKubelet(child);
    const ended = once(child, 'exit').then(() => Promise.reject(new Error('the kubelet that is played ended')));
    // It ends at the end of the bench as well.
    ended.catch(() => undefined);
    await Promise.race([once(child, 'message'), ended]);
    return kubelet;
  }

  /** Waits for a list of the resource of which this holds. */
  async until(resource: string, holds: (list: List) => boolean): Promise<List> {
    for (;;) {
      const list = this.#lists.get(resource);
      if (list !== undefined && holds(list)) return list;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Has calls made, of one request at a time. @returns how long each took, in ms */
  ask(request: KubeletRequest): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#onAnswer = (news) => (news.tell === 'took' ? resolve(news.ms) : reject(new Error(news.why)));
      this.#child.send(request);
    });
  }

  stop(): void {
    this.#child.kill();
  }
}
