import { type Scenario } from '../../scenario.ts';
import { checkChanges } from './changes.ts';
import { checkFirstPods } from './first-pods.ts';
import { labOf } from './lab.ts';
import { checkReboot } from './reboot.ts';
import { checkRestarts } from './restarts.ts';
import { checkStream } from './stream.ts';

/** From a policy to pods that get what they asked for, and what becomes of them while the node changes. */
export const devices: Scenario = {
  name: 'devices',
  async run(scenarioLab) {
    const lab = await labOf(scenarioLab);
    await checkFirstPods(lab);
    await checkChanges(lab);
    await checkRestarts(lab);
  },
};

/** How many pods are rejected while VFs change all the time. */
export const stream: Scenario = {
  name: 'stream',
  run: async (lab) => checkStream(await labOf(lab)),
};

/** The end: after it, pods that had devices have been rejected by the kubelet. */
export const reboot: Scenario = {
  name: 'reboot',
  run: async (lab) => checkReboot(await labOf(lab)),
};
