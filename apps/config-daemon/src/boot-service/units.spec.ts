import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hasCode } from '@sriov/errors';
import { BOOT_UNITS, bootUnits, UNIT_FOLDER } from '@sriov/node-plan';

const hasAnalyze = ((): boolean => {
  try {
    execFileSync('systemd-analyze', ['--version']);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
})();

/** What else starts on a host: the network and a kubelet as Debian and kubeadm have them, as far as they order themselves. */
const OTHERS = {
  'network-pre.target': '[Unit]\nRefuseManualStart=yes\n',
  'network.target': '[Unit]\nAfter=network-pre.target\n',
  'network-online.target': '[Unit]\nAfter=network.target\n',
  'local-fs.target': '[Unit]\nDefaultDependencies=no\n',
  'sysinit.target': '[Unit]\nAfter=local-fs.target\n',
  'basic.target': '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\n',
  'shutdown.target': '[Unit]\nDefaultDependencies=no\n',
  'NetworkManager.service':
    '[Unit]\nAfter=network-pre.target\nBefore=network.target\nWants=network.target\n[Service]\nExecStart=/bin/program\n',
  'NetworkManager-wait-online.service':
    '[Unit]\nAfter=NetworkManager.service\nRequires=NetworkManager.service\nBefore=network-online.target\n[Service]\nType=oneshot\nExecStart=/bin/program\n',
  'openvswitch-switch.service':
    '[Unit]\nBefore=network.target\nAfter=network-pre.target ovsdb-server.service\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/program\n',
  'ovsdb-server.service':
    '[Unit]\nBefore=network.target\nAfter=network-pre.target\nDefaultDependencies=no\n[Service]\nExecStart=/bin/program\n',
  'kubelet.service':
    '[Unit]\nWants=network-online.target\nAfter=network-online.target\n[Service]\nExecStart=/bin/program\n',
};
const ALL = [
  ...Object.values(BOOT_UNITS),
  ...['NetworkManager.service', 'NetworkManager-wait-online.service', 'openvswitch-switch.service', 'kubelet.service'],
];

// Left out where the machine has no systemd: what the units say is tested all the same, in libs/node-plan.
(hasAnalyze ? describe : describe.skip)('the units, as systemd reads them,', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'units-'));
    put('bin/program', '#!/bin/sh\n', 0o755);
    for (const [name, text] of Object.entries(OTHERS)) put(`usr/lib/systemd/system/${name}`, text);
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  /** What systemd has to say, and the exit code, of a boot that starts all of them. */
  const verify = (change: (text: string) => string = (text) => text): readonly [number | null, string] => {
    const words = ['/bin/program', '--library-path', '/var/lib/sriov/a b', '/var/lib/sriov/100% $HOME'];
    for (const { name, text } of bootUnits({ words, stateFolder: '/var/lib/"state"' })) {
      put(`${UNIT_FOLDER.slice(1)}/${name}`, change(text));
    }
    const wants = ALL.map((name) => `Wants=${name}\nAfter=${name}\n`).join('');
    put('etc/systemd/system/multi-user.target', `[Unit]\nRequires=basic.target\nAfter=basic.target\n${wants}`);
    const args = ['verify', '--man=no', `--root=${root}`, 'multi-user.target', ...ALL];
    const { status, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    return [status, stderr];
  };

  it('are without fault, and begin a boot in which nothing waits for itself', () => {
    expect(verify()).toEqual([0, '']);
  });

  it('would not, if the first waited for the network', () => {
    const [, text] = verify((unit) => unit.replace('After=local-fs.target', 'After=NetworkManager.service'));
    expect(text).toContain('ordering cycle');
  });
});

it('the units of two state folders differ, and each asks for what it needs to be mounted', () => {
  const texts = ['/etc/sriov-operator', '/var/lib/state'].map((stateFolder) =>
    bootUnits({ words: ['/p'], stateFolder }),
  );
  expect(texts[0]).not.toEqual(texts[1]);
  expect(texts[1]?.map(({ text }) => /^RequiresMountsFor=(.*)$/m.exec(text)?.[1])).toEqual([
    '/var/lib/sriov /var/lib/state',
    '/var/lib/sriov /var/lib/state',
  ]);
});
