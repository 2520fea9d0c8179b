import { describe, expect, it } from '@jest/globals';
import { describePlan } from './describe-plan.ts';
import { planHost } from '../planning/plan-host.ts';
import { netdevice, PF, testFacts, testPf } from '../test/test-host.ts';

describe('a plan in words', () => {
  it('is empty when there is nothing to do', () => {
    expect(describePlan(planHost(testFacts([testPf()], [])))).toEqual([]);
  });

  it('names modules, PFs, reasons and steps in order, and VFs with the same steps in one line', () => {
    const vfGroups = [
      { vfRange: '0-2', deviceType: 'netdevice', mtu: 9000 },
      { vfRange: '3-3', deviceType: 'vfio-pci' },
      { vfRange: '5-6', deviceType: 'netdevice' },
    ];
    const text = describePlan(
      planHost(testFacts([testPf()], [{ pciAddress: PF, numVfs: 7, vfGroups }, { pciAddress: '0000:09:00.0' }])),
    );
    // The addresses of the VFs differ; that is no reason for a line of its own.
    expect(text).toEqual([
      'load kernel module igbvf unless it is loaded',
      'load kernel module vfio-pci unless it is loaded',
      'load kernel module vfio_iommu_type1 unless it is loaded',
      `ens1 (${PF}):`,
      '  because the number of VFs is 0, not 7',
      '  turn driver probing of new VFs off',
      '  create 7 VFs',
      '  VF 0-2: set its MAC address, bind igbvf, set its MTU to 9000',
      '  VF 3: set its MAC address, bind vfio-pci',
      '  VF 5-6: set its MAC address, bind igbvf',
      '  turn driver probing of new VFs on',
      'not done (InterfaceNotFound): 0000:09:00.0: the node has no such network device',
    ]);
  });

  it('has a sentence for every step on an eSwitch', () => {
    const before = [{ kind: 'unbind-vfs' }, { kind: 'set-eswitch-mode', mode: 'switchdev' }] as const;
    const pfs = [{ pciAddress: PF, name: 'ens1', because: ['so'], before, vfs: [], after: [] }];
    expect(describePlan({ modules: [], problems: [], pfs })).toEqual([
      `ens1 (${PF}):`,
      '  because so',
      '  unbind the drivers of all VFs',
      '  set the eSwitch mode to switchdev',
    ]);
  });

  it('names a PF without an interface by its PCI address', () => {
    const { link: _, ...pf } = testPf([netdevice(0)], { driver: 'unheard_of' });
    expect(describePlan(planHost(testFacts([pf], [{ pciAddress: PF, numVfs: 0 }])))).toEqual([
      `${PF}:`,
      '  because the number of VFs is 1, not 0',
      '  remove all VFs',
    ]);
  });

  it('says what is done in preparation of a reboot, and why the node needs one', () => {
    const step = { kind: 'remove-rdma-mode-file' } as const;
    const lines = describePlan({
      modules: [],
      pfs: [],
      problems: [],
      beforeReboot: { because: ['so'], steps: [step] },
      needsReboot: [
        { kind: 'kernel-arguments', why: 'the kernel runs without iommu=pt' },
        { kind: 'firmware', pciAddress: PF, why: 'NUM_OF_VFS is 4, and 8 is wanted' },
      ],
    });
    expect(lines).toEqual([
      'in preparation of a reboot:',
      '  because so',
      '  remove the file /etc/modprobe.d/sriov_network_operator_modules_config.conf',
      'needs a reboot: the kernel runs without iommu=pt',
      `needs a reboot: ${PF}: NUM_OF_VFS is 4, and 8 is wanted`,
    ]);
  });
});
