import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { type Handover, handoverSchema } from '@sriov/plugin-handover';
import { configHash } from '@sriov/runtime';
import { eventually, readJson, request } from '@sriov/testing';
import {
  createPod,
  deletedPods,
  events,
  getState,
  machine,
  PF,
  specOf,
  startDaemon,
  statePath,
  untilSynced,
  useDaemon,
  WORLD,
  writeWorld,
} from '../test/test-daemon.ts';

useDaemon();

const CONFIG = '{"resourceList":[{"resourceName":"r","selectors":{"pfNames":["ens1"]}}]}';

/** What the policy controller writes: the spec, the configuration, and its hash. */
const order = (numVfs: number, text: string, hash = configHash(text)): Promise<unknown> => {
  const annotations = { [ANNOTATION.devicePluginConfigHash]: hash, [ANNOTATION.devicePluginConfig]: text };
  return request('PATCH', statePath(), { metadata: { annotations }, spec: specOf(numVfs) });
};
const handedOver = (): Handover => readJson(handoverSchema, machine().runFiles?.['handover.json'] ?? '{}');
const condition = async (): Promise<string> => {
  const { status } = await getState();
  const told = status?.conditions?.find(({ type }) => type === 'ResourcesOffered');
  return `${told?.status} ${told?.reason}: ${told?.message}`;
};

describe("the config daemon beside the operator's own device plugin", () => {
  it('hands the configuration over, has VFs offered, says so, and restarts nothing', async () => {
    writeWorld({ ...WORLD, devicePlugin: true });
    const pod = await createPod();
    await order(4, CONFIG);
    startDaemon();
    await untilSynced('Succeeded');
    expect(handedOver()).toEqual({ config: { text: CONFIG, hash: configHash(CONFIG) }, withdrawn: [] });
    const vfs = machine().devices[PF]?.pf?.vfs;
    expect(machine().plugin?.allocatable).toEqual(vfs);
    expect(await condition()).toBe('True ResourcesOffered: pods are offered 4 devices of 1 resource');
    const told = (await events()).filter(({ reason }) => reason === 'ResourcesOffered');
    expect(told.map(({ type, message }) => [type, message])).toEqual([
      ['Normal', 'pods are offered 4 devices of 1 resource'],
    ]);

    // Another configuration alone is handed over without a restart.
    const other = CONFIG.replace('"r"', '"s"');
    await order(4, other);
    await eventually(() => handedOver().config?.text === other);
    await untilSynced('Succeeded');
    expect(await deletedPods()).not.toContain(pod);
  });

  it('hands no configuration over whose hash is another one', async () => {
    writeWorld({ ...WORLD, devicePlugin: true });
    await order(2, CONFIG, 'of another text');
    startDaemon();
    await untilSynced('Succeeded');
    expect(handedOver()).toEqual({ withdrawn: [] });
  });
});
