import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '@sriov/api';
import { request, testControlPlane } from '@sriov/testing';
import {
  PF,
  NODE,
  namespace,
  folder,
  useDaemon,
  statePath,
  createState,
  startDaemon,
  stopDaemon,
  getState,
  setSpec,
  machine,
  untilSynced,
  eightVfs,
  specOf,
  want,
  WORLD,
  writeWorld,
} from './test/test-daemon.ts';

useDaemon();

describe('config-daemon --dry-run', () => {
  const dryRun = (): Promise<{ code: number; out: string; err: string }> =>
    new Promise((resolve) => {
      const flags = {
        kubeconfig: testControlPlane().kubeconfigPath,
        'node-name': NODE,
        namespace,
        simulate: join(folder, 'world.yaml'),
        'simulate-state': join(folder, 'machine.json'),
      };
      const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
      execFile(
        process.execPath,
        ['--import', 'tsx', join(import.meta.dirname, 'main-simulated.ts'), '--dry-run', ...args],
        { env: { PATH: process.env['PATH'] }, encoding: 'utf8' },
        (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out: planOf(out), err }),
      );
    });
  /** Without the lines of the log. */
  const planOf = (out: string): string =>
    out
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n');

  it('prints what would be done beside a daemon that runs, and does nothing', async () => {
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    await setSpec(eightVfs);
    const before = [await getState(), machine()];
    const { code, out } = await dryRun();
    expect(out).toBe(`load kernel module vfio-pci unless it is loaded
load kernel module vfio_iommu_type1 unless it is loaded
load kernel module igbvf unless it is loaded
udev, for ens1 (${PF}):
  because the program disable-nm-sriov.sh that a rule of udev calls is not as it should be
  because no rule of udev keeps NetworkManager off the VFs of the PF
  write /etc/udev/disable-nm-sriov.sh, /etc/udev/rules.d/10-nm-disable-${PF}.rules
ens1 (${PF}):
  because the number of VFs is 0, not 7
  because the MTU is 1500, and 9000 is wanted
  turn driver probing of new VFs off
  set the MTU of the PF to 9000
  create 7 VFs
  VF 0-3: set its MAC address, bind vfio-pci
  VF 4-5: set its MAC address, bind igbvf, set its MTU to 9000
  turn driver probing of new VFs on
restart the device plugin:
  because ens1 (${PF}): the number of VFs becomes 7
`);
    expect(code).toBe(0);
    expect([await getState(), machine()]).toEqual(before);
    // What was printed is what is done.
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    expect((await dryRun()).out).toBe('nothing to do: the host is as the spec wants it\n');
  });

  it("says what the operator's own device plugin withdraws, and that it is not restarted", async () => {
    writeWorld({ ...WORLD, devicePlugin: true });
    await want(specOf(4), 'a');
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    await want(specOf(2), 'b');
    const { out } = await dryRun();
    expect(out.split('\n').slice(0, 4)).toEqual([
      'the device plugin withdraws from pods, until they have changed:',
      `  ens1 (${PF}): all VFs, because the number of VFs becomes 2`,
      'load kernel module igbvf unless it is loaded',
      `ens1 (${PF}):`,
    ]);
    expect(out).not.toContain('restart');
  });

  it('says of a spec that was not planned that nothing would be done', async () => {
    await want(specOf(4), 'a');
    startDaemon();
    await untilSynced('Succeeded');
    await stopDaemon();
    await request('DELETE', statePath());
    await createState({ [ANNOTATION.devicePluginConfigHash]: 'of nothing' });
    expect((await dryRun()).out).toMatch(/^not done \(NotPlannedYet\): the spec does not say .*\n$/);
  });

  it('says that there is no node state', async () => {
    await request('DELETE', statePath());
    expect(await dryRun()).toEqual({
      code: 1,
      out: '',
      err: `there is no SriovNetworkNodeState ${namespace}/${NODE}\n`,
    });
  });
});
