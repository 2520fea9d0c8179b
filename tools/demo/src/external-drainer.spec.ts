import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { eventually, installCrds } from '@sriov/testing';
import { makeBundles } from './bundles.ts';
import { DrainScene } from './test/drain-scene.ts';
import { ExternalDrainer } from './test/external-drainer.ts';

jest.setTimeout(180_000);

beforeAll(async () => {
  await Promise.all([installCrds(), makeBundles(['config-daemon'])]);
});

let scene: DrainScene;
let drainer: ExternalDrainer;
afterEach(async () => {
  await drainer.stop();
  await scene.close();
});

const open = async (node: string, flags: string[]): Promise<void> => {
  scene = await DrainScene.create(node, flags);
  drainer = new ExternalDrainer(scene);
};
const drained = async (): Promise<string | undefined> =>
  (await scene.state()).status?.conditions?.find(({ type }) => type === 'Drained')?.reason;

describe('an external drainer, beside our drain controller,', () => {
  it('drains the node by annotations alone, as often as it asks', async () => {
    await open('external-1', ['--use-external-drainer']);
    scene.startDaemon();
    scene.startController();
    await scene.untilGivenBack(4);
    await eventually(
      async () => (await scene.state()).metadata.annotations?.[ANNOTATION.useExternalDrainer] === 'true',
    );
    for (const vfs of [2, 3]) {
      drainer = new ExternalDrainer(scene);
      const pod = await scene.runPod(`dpdk-${vfs}`);
      await scene.want(vfs);
      // Nobody of ours does anything about it, and the node says whom it waits for.
      await scene.until({ asked: 'Drain_Required', desired: 'Drain_Required', progress: 'Idle', isCordoned: false });
      await eventually(async () => (await drained()) === 'WaitingForExternalDrainer');
      drainer.start();
      await scene.endPod(pod);
      await scene.untilGivenBack(vfs);
      await drainer.stop();
      expect(drainer.written).toEqual(['Draining', 'DrainComplete', 'Idle']);
    }
    await eventually(async () => (await drained()) === 'NotDrained');
    expect((await scene.state()).metadata.annotations).not.toHaveProperty(ANNOTATION.drainGrant);
  });

  it('is no longer left alone with the node when nobody wants it any more', async () => {
    await open('external-2', []);
    // The node was marked by a daemon before this one.
    await scene.annotate({ [ANNOTATION.useExternalDrainer]: 'true' });
    scene.startDaemon();
    scene.startController();
    await scene.untilGivenBack(4);
    await eventually(
      async () => (await scene.state()).metadata.annotations?.[ANNOTATION.useExternalDrainer] !== 'true',
    );
    const pod = await scene.runPod('dpdk');
    await scene.want(2);
    await scene.endPod(pod);
    await scene.untilGivenBack(2);
  });
});
