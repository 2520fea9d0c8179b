// Runs in the guest: tries drivers on what the kernel has to simulate such NICs, and on the real services of a host, and
// prints a line of JSON for each case. What netdevsim and vdpa_sim simulate is no PCI device, so this is as far as it
// goes without a NIC. Arguments: the groups of cases.
import { messageOf } from '@sriov/errors';
import { devlinkCases } from './cases/devlink.ts';
import { type GuestCase } from './cases/guest-case.ts';
import { moduleCases } from './cases/modules.ts';
import { ovsCases } from './cases/ovs.ts';
import { rdmaCases } from './cases/rdma.ts';
import { vdpaCases } from './cases/vdpa.ts';

const GROUPS: Readonly<Record<string, readonly GuestCase[]>> = {
  devlink: devlinkCases,
  vdpa: vdpaCases,
  modules: moduleCases,
  rdma: rdmaCases,
  ovs: ovsCases,
};

for (const [name, run] of process.argv.slice(2).flatMap((group) => GROUPS[group] ?? [])) {
  const start = Date.now();
  const failure = await run().then(() => undefined, messageOf);
  process.stdout.write(`${JSON.stringify({ name, ms: Date.now() - start, failure })}\n`);
}
process.exit();
