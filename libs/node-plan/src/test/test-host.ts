import { type DesiredInterface, vdpaNameOf } from '@sriov/api';
import { type ObservedHost, type ObservedLink, type ObservedPf, type ObservedVf } from '@sriov/observed-host';
import { nicDriverOf } from '../nic-drivers.ts';
import { type HostFacts } from '../planning/host-facts.ts';
import { DEFAULT_DRIVER } from '../planning/plan-vf.ts';
import { type HostPlan, type PfPlan, type PfStep, type VfStep } from '../planning/steps.ts';

/** PCI address of {@link testPf}. */
export const PF = '0000:01:00.0';

const MAC = '52:54:00:aa:00:10';

/** A network interface that is up. */
export function testLink(change: Partial<ObservedLink> = {}): ObservedLink {
  return { name: 'ens1', altNames: [], mac: MAC, mtu: 1500, up: true, ...change };
}

/** A VF that nothing is bound to. */
export function testVf(id: number, change: Partial<ObservedVf> = {}): ObservedVf {
  return { id, pciAddress: `0000:01:10.${id}`, vendor: '8086', deviceId: '10ca', ...change };
}

/** A VF as it is once its kernel driver is bound. */
export function netdevice(id: number, change: Partial<ObservedVf> = {}): ObservedVf {
  return testVf(id, {
    driver: 'igbvf',
    link: testLink({ name: `ens1v${id}`, mac: `02:00:00:00:00:0${id}` }),
    ...change,
  });
}

/** An igb port with an IOMMU and the given VFs. */
export function testPf(vfs: readonly ObservedVf[] = [], change: Partial<ObservedPf> = {}): ObservedPf {
  return {
    pciAddress: PF,
    vendor: '8086',
    deviceId: '10c9',
    driver: 'igb',
    link: testLink({ maxMtu: 9216 }),
    linkType: 'ETH',
    sriov: { totalVfs: 7, autoprobe: true, vfs },
    iommuGroup: 7,
    ...change,
  };
}

/** Facts about a node that has the PFs and should have the interfaces. */
export function testFacts(
  interfaces: readonly ObservedPf[],
  desired: readonly DesiredInterface[],
  change: Partial<HostFacts> = {},
): HostFacts {
  return {
    spec: { interfaces: [...desired] },
    plannedFrom: new Set([...interfaces, ...(change.owned?.values() ?? [])].map(({ pciAddress }) => pciAddress)),
    observed: { interfaces, problems: [] },
    owned: new Map(),
    initial: new Map(),
    guids: { records: new Map() },
    blocked: new Map(),
    allowHostInterfaces: false,
    ...change,
  };
}

/** The host after the plan was carried out to the letter. */
export function carryOut(host: ObservedHost, plan: HostPlan): ObservedHost {
  const plans = new Map(plan.pfs.map((pf) => [pf.pciAddress, pf]));
  return {
    ...host,
    interfaces: host.interfaces.map((pf) => {
      const own = plans.get(pf.pciAddress);
      return own ? carryOutPf(pf, own) : pf;
    }),
  };
}

function carryOutPf(pf: ObservedPf, plan: PfPlan): ObservedPf {
  let result = plan.before.reduce(doPfStep, pf);
  for (const { id, steps } of plan.vfs) {
    const vfs = result.sriov?.vfs.map((vf) => (vf.id === id ? steps.reduce(doVfStepOf(pf), vf) : vf));
    result = withSriov(result, { vfs: vfs ?? [] });
  }
  return plan.after.reduce(doPfStep, result);
}

function doPfStep(pf: ObservedPf, step: PfStep): ObservedPf {
  switch (step.kind) {
    case 'set-autoprobe':
      return withSriov(pf, { autoprobe: step.enabled });
    case 'set-num-vfs':
      return withSriov(pf, { vfs: Array.from({ length: step.numVfs }, (_, id) => newVf(pf, id)) });
    case 'unbind-vfs':
      return withEachVf(pf, unbind);
    case 'set-eswitch-mode':
      return { ...pf, eSwitchMode: step.mode };
    case 'set-tc-offload':
      return { ...pf, offload: { ...pf.offload, tc: 'on' } };
    case 'set-flow-steering':
      return { ...pf, offload: { ...pf.offload, steering: { mode: step.mode, cmode: 'runtime' } } };
    case 'remove-vdpas':
      return withEachVf(pf, withoutVdpa);
    case 'set-pf-mtu':
      return withLink(pf, { mtu: step.mtu });
    case 'set-link-up':
      return withLink(pf, { up: true });
  }
}

function withLink(pf: ObservedPf, change: Partial<ObservedLink>): ObservedPf {
  return { ...pf, link: testLink({ ...pf.link, ...change }) };
}

function withEachVf(pf: ObservedPf, change: (vf: ObservedVf) => ObservedVf): ObservedPf {
  return withSriov(pf, { vfs: (pf.sriov?.vfs ?? []).map((vf) => change(vf)) });
}

function newVf(pf: ObservedPf, id: number): ObservedVf {
  return pf.sriov?.autoprobe === true ? bind(pf, testVf(id), DEFAULT_DRIVER) : testVf(id);
}

function withMtu(vf: ObservedVf, mtu: number): ObservedVf {
  return vf.link ? { ...vf, link: { ...vf.link, mtu } } : vf;
}

function doVfStepOf(pf: ObservedPf): (vf: ObservedVf, step: VfStep) => ObservedVf {
  return (vf, step) => {
    switch (step.kind) {
      case 'set-vf-mac':
        return { ...vf, adminMac: step.mac };
      case 'set-vf-guid':
        return { ...vf, guids: { node: step.guid, port: step.guid } };
      case 'set-vf-link-state':
        return { ...vf, linkState: step.state };
      case 'unbind-vf':
        return unbind(vf);
      case 'bind-vf':
        return bind(pf, vf, step.driver);
      case 'clear-override':
        return withoutOverride(vf);
      case 'set-vf-mtu':
        return withMtu(vf, step.mtu);
      default:
        return doVdpaStep(vf, step);
    }
  };
}

function doVdpaStep(
  vf: ObservedVf,
  step: Extract<VfStep, { kind: 'make-vdpa' | 'bind-vdpa' | 'remove-vdpa' }>,
): ObservedVf {
  if (step.kind === 'remove-vdpa') return withoutVdpa(vf);
  const name = vdpaNameOf(vf.pciAddress);
  return { ...vf, vdpa: [step.kind === 'make-vdpa' ? { name } : { name, driver: step.driver }] };
}

function withoutOverride({ driverOverride: _driverOverride, ...rest }: ObservedVf): ObservedVf {
  return rest;
}

/** Its vDPA devices go with the driver. */
function unbind(vf: ObservedVf): ObservedVf {
  const { driver: _driver, link: _link, ...rest } = withoutVdpa(vf);
  return rest;
}

function withoutVdpa({ vdpa: _vdpa, ...rest }: ObservedVf): ObservedVf {
  return rest;
}

function bind(pf: ObservedPf, vf: ObservedVf, driver: string): ObservedVf {
  if (driver === 'vfio-pci') return { ...vf, driver };
  const kernelDriver = driver === DEFAULT_DRIVER ? (nicDriverOf(pf.driver)?.vfDriver ?? 'some_vf') : driver;
  return { ...vf, driver: kernelDriver, link: testLink({ name: `ens1v${vf.id}`, mac: vf.adminMac ?? MAC }) };
}

function withSriov(pf: ObservedPf, change: Partial<NonNullable<ObservedPf['sriov']>>): ObservedPf {
  return { ...pf, sriov: { totalVfs: 0, autoprobe: true, vfs: [], ...pf.sriov, ...change } };
}
