import { type Scenario } from '../../scenario.ts';
import { checkChanges } from './changes.ts';
import { checkFirstPods } from './first-pods.ts';
import { withOperator } from './lab.ts';
import { checkReboot, checkRestarts } from './restarts.ts';
import { checkStream } from './stream.ts';

/** From a policy to pods that get what they asked for, and what becomes of them while the node changes. */
export const devices: Scenario = {
  name: 'devices',
  run: (lab) =>
    withOperator(lab, async (devicesLab) => {
      await checkFirstPods(devicesLab);
      await checkChanges(devicesLab);
      await checkRestarts(devicesLab);
      await checkReboot(devicesLab);
    }),
};

/** How many pods are rejected while VFs change all the time. */
export const stream: Scenario = {
  name: 'stream',
  run: (lab) => withOperator(lab, checkStream),
};
