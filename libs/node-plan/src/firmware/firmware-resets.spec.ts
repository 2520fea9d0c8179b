import { describe, expect, it } from '@jest/globals';
import { testPf } from '../test/test-host.ts';
import { firmwareResets } from './firmware-resets.ts';

describe('firmware that is started anew on the way to a reboot', () => {
  it('is that of the NICs that get other settings, with all their ports', () => {
    const interfaces = ['0000:3b:00.0', '0000:3b:00.1', '0000:5e:00.0'].map((pciAddress) => testPf([], { pciAddress }));
    const reasons = [
      { kind: 'kernel-arguments', why: '' },
      { kind: 'firmware', pciAddress: '0000:3b:00.1', why: '' },
    ] as const;
    expect(firmwareResets(reasons, { interfaces })).toEqual([
      { pciAddress: '0000:3b:00.1', ports: ['0000:3b:00.0', '0000:3b:00.1'] },
    ]);
  });
});
