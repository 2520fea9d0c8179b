import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { type FrontWrite, installCrds } from '@sriov/testing';
import { makeBundles } from './bundles.ts';
import { DrainScene } from './test/drain-scene.ts';

jest.setTimeout(180_000);

interface Body {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string | null>> };
}
const annotated = (on: RegExp, annotation: string, value: string) => {
  return ({ path, body }: FrontWrite): boolean =>
    on.test(path) && ((body ?? {}) as Body).metadata?.annotations?.[annotation] === value;
};
const NODE = /\/nodes\/[^/]+$/;
const STATE = /nodestates\/[^/]+$/;

/** Writes of a daemon whose node is drained, in their order. */
const TRANSITIONS: Readonly<Record<string, (write: FrontWrite, scene: { isGranted: boolean }) => boolean>> = {
  'when its request stands on the Node alone': annotated(NODE, ANNOTATION.nodeState, 'Drain_Required'),
  'when its request stands on both objects': annotated(STATE, ANNOTATION.desiredState, 'Drain_Required'),
  'when it begins to work on the drained node': ({ path }, { isGranted }) => isGranted && path.endsWith('/status'),
  'when it has taken its request back from the Node alone': annotated(NODE, ANNOTATION.nodeState, 'Idle'),
  'when it has taken its request back from both objects': annotated(STATE, ANNOTATION.desiredState, 'Idle'),
};

describe('a config daemon that is killed in the drain of its node', () => {
  const scenes = new Map<string, Promise<boolean>>();
  const open: DrainScene[] = [];

  beforeAll(async () => {
    await Promise.all([installCrds(), makeBundles(['config-daemon'])]);
    for (const [index, transition] of Object.keys(TRANSITIONS).entries()) {
      const scene = killAt(index, transition);
      scene.catch(() => undefined);
      scenes.set(transition, scene);
    }
  });
  afterAll(async () => {
    for (const scene of open) await scene.close();
  });

  /** Resolves with whether the daemon was killed; the VFs have changed then, and the node was given back. */
  async function killAt(index: number, transition: string): Promise<boolean> {
    const scene = await DrainScene.create(`killed-${index}`);
    open.push(scene);
    scene.startDaemon();
    scene.startController();
    await scene.untilGivenBack(4);
    const pod = await scene.runPod('dpdk');
    let restarted: Promise<void> | undefined;
    const end = (): void => {
      scene.killDaemon();
      restarted = scene.restartDaemon();
    };
    const seen = { isGranted: false };
    scene.front.cut = (write) => {
      // Another life of the daemon is not touched.
      if (restarted !== undefined || !TRANSITIONS[transition]?.(write, seen)) return undefined;
      return { end };
    };
    await scene.want(2);
    await scene.endPod(pod);
    // Its pod is gone: what the daemon writes into the status from now on is about its work.
    seen.isGranted = true;
    await scene.untilGivenBack(2);
    await restarted;
    return restarted !== undefined;
  }

  it.each(Object.keys(TRANSITIONS))('%s changes the VFs when it is back, and the node is given back', async (at) => {
    expect(await scenes.get(at)).toBe(true);
  });
});
