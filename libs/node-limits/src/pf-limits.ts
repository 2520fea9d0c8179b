import { type DesiredInterface, type ObservedInterface } from '@sriov/api';
import { findFirmwareNeed, reachableVfs, withFirmware } from './firmware-limits.ts';
import { factsOfStatus, type PfFacts } from './pf-facts.ts';
import { invalid, type Refusal, unreadable, unsupported } from './refusal.ts';
import { checkVdpa } from './vdpa-limits.ts';

/** A reason why the PF cannot become what is wanted, found before anything is touched. */
type Check = (desired: DesiredInterface, facts: PfFacts) => Refusal | undefined;

const checkLinkType: Check = ({ linkType }, { linkType: present }) =>
  linkType && present && linkType.toUpperCase() !== present
    ? unsupported(`link type ${linkType} is wanted, and nothing can change ${present} on this device`)
    : undefined;

const checkMtu: Check = ({ mtu = 0 }, { maxMtu }) =>
  maxMtu !== undefined && mtu > maxMtu ? invalid(`MTU ${mtu} is wanted, and the device can have ${maxMtu}`) : undefined;

/** The limits, in the order in which they are found. */
const CHECKS: readonly Check[] = [
  (_, { hasDriver }) =>
    hasDriver
      ? undefined
      : unsupported('no driver is bound to the PF: load its driver, or look into dmesg why it does not bind'),
  ({ numVfs = 0 }) => (numVfs < 0 ? invalid(`${numVfs} VFs are wanted`) : undefined),
  (_, { totalVfs }) =>
    totalVfs === undefined
      ? unsupported(
          'the PF has no SR-IOV capability: on bare metal, switch SR-IOV on in the firmware of the NIC and the BIOS; on a virtual machine, the metadata of the platform has to name the network of the port',
        )
      : undefined,
  (desired, facts) =>
    (desired.numVfs ?? 0) > (facts.totalVfs ?? 0)
      ? invalid(`${desired.numVfs} VFs are wanted, and the PF can have ${mostVfs(desired, facts)}`)
      : undefined,
  (_, facts) => findUnreadMode(facts),
  checkMode,
  checkLinkType,
  checkVdpa,
  checkMtu,
  ({ externallyManaged, numVfs = 0 }, { numVfs: present }) =>
    externallyManaged === true && numVfs > present
      ? invalid(`externallyManaged: ${numVfs} VFs are wanted, and its owner has made ${present}`)
      : undefined,
  ({ externallyManaged, mtu = 0 }, { mtu: present }) =>
    externallyManaged === true && present !== undefined && mtu > present
      ? invalid(`externallyManaged: MTU ${mtu} is wanted, and its owner has set ${present}`)
      : undefined,
];

/** The limits of a port of a virtual machine: it is one VF itself, and has no eSwitch. */
const PORT_CHECKS: readonly Check[] = [
  ({ numVfs = 0 }) =>
    numVfs < 0 || numVfs > 1
      ? invalid(`${numVfs} VFs are wanted, and a port of a virtual machine is one VF itself: set numVfs to 1`)
      : undefined,
  ({ eSwitchMode }) =>
    eSwitchMode === 'switchdev'
      ? unsupported('eSwitch mode switchdev is wanted, and a port of a virtual machine has no eSwitch')
      : undefined,
  checkLinkType,
  ({ vfGroups = [] }) =>
    vfGroups.some(({ vdpaType }) => vdpaType)
      ? unsupported('a vDPA device is wanted, and none can be made on a port of a virtual machine')
      : undefined,
  checkMtu,
];

/** Someone else's PF has what it has. */
function mostVfs({ externallyManaged }: DesiredInterface, facts: PfFacts): number {
  return externallyManaged === true ? (facts.totalVfs ?? 0) : reachableVfs(facts);
}

/** Why nothing can be done to a PF, not even VFs be removed, while its eSwitch mode is unknown. */
export function findUnreadMode({ eSwitchMode, eSwitchUnknown }: PfFacts): Refusal | undefined {
  if (eSwitchMode !== 'unknown') return undefined;
  const cause = eSwitchUnknown === undefined ? '' : ` (${eSwitchUnknown})`;
  return unreadable(`the eSwitch mode could not be read${cause}: the PF is left as it is until it can`);
}

/** Why the PF cannot be in the eSwitch mode that is wanted. */
function checkMode(desired: DesiredInterface, facts: PfFacts): Refusal | undefined {
  const wanted = desired.eSwitchMode || 'legacy';
  const { eSwitchMode: present, linkType, hasESwitch, driver, eSwitchUnknown } = facts;
  if (wanted === present) return undefined;
  if (wanted !== 'legacy' && wanted !== 'switchdev') {
    return invalid(`eSwitch mode ${wanted} is wanted, and there are only legacy and switchdev`);
  }
  if (desired.externallyManaged === true) {
    return invalid(`externallyManaged: eSwitch mode ${wanted} is wanted, and its owner has set ${present}`);
  }
  if (linkType === 'IB') return unsupported(`eSwitch mode ${wanted} is wanted, and an InfiniBand port has none`);
  if (hasESwitch === false) {
    return unsupported(
      `eSwitch mode ${wanted} is wanted, and the PF has no eSwitch whose mode can be changed: its driver ${driver ?? ''} offers none to devlink`,
    );
  }
  // Of a PF in switchdev mode that would be known.
  return eSwitchUnknown === undefined
    ? undefined
    : unreadable(
        `eSwitch mode ${wanted} is wanted, and devlink does not tell the mode (${eSwitchUnknown}): the PF is left as it is until it does`,
      );
}

/**
 * Why the daemon does nothing to the PF; `undefined` when no known limit stands in the way. The daemon's planner asks
 * it before it plans a step, and so does everybody else who says beforehand what will happen.
 */
export function findRefusal(desired: DesiredInterface, facts: PfFacts): Refusal | undefined {
  const reachable = withFirmware(desired, facts);
  for (const check of facts.isPort ? PORT_CHECKS : CHECKS) {
    const refusal = check(desired, reachable);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/**
 * Whether a PF that a node has reported stays as it is, VFs and all: what is wanted is refused, or comes with other
 * firmware settings and a reboot.
 */
export function staysAsItIs(desired: DesiredInterface, facts: PfFacts): boolean {
  return findRefusal(desired, facts) !== undefined || findFirmwareNeed(desired, facts) !== undefined;
}

/** Why the daemon does nothing to a PF that a node has reported. */
export function findReportedRefusal(desired: DesiredInterface, nic: ObservedInterface): Refusal | undefined {
  return findRefusal(desired, factsOfStatus(nic));
}
