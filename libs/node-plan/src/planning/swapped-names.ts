import { type NodeStateSpec } from '@sriov/api';
import { type ObservedHost, type ObservedPf } from '@sriov/observed-host';
import { pfTitle } from '../words/pf-title.ts';
import { identityOf } from './pf-rules.ts';

/**
 * Entries of the spec whose name another PF has now, a sentence each: interfaces were renamed, most often at a boot.
 * The PCI address says which PF is meant; whoever selects PFs by name should know.
 */
export function findSwappedNames({
  spec,
  observed,
}: {
  readonly spec: NodeStateSpec;
  readonly observed: Pick<ObservedHost, 'interfaces'>;
}): string[] {
  const { interfaces: pfs } = observed;
  const bearers = new Map(pfs.flatMap((pf) => (pf.link ? [[pf.link.name, pf] as const] : [])));
  return (spec.interfaces ?? []).flatMap(({ pciAddress, name = '' }) => {
    const pf = pfs.find((each) => each.pciAddress === pciAddress);
    const bearer = bearers.get(name);
    if (pf === undefined || bearer === undefined || bearer === pf) return [];
    return [describe(pf, name, bearer)];
  });
}

function describe(pf: ObservedPf, name: string, bearer: ObservedPf): string {
  const [meant, other] = [pf, bearer].map((each) => pfTitle(identityOf(each)));
  return `the spec calls ${meant} ${name}, and that is the name of ${other} now: the PCI address counts, so nothing is done to ${other} on account of this entry; a policy that selects PFs by name (pfNames) selects ${other} from the next plan on`;
}
