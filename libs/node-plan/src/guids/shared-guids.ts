import { type ObservedPf } from '@sriov/observed-host';
import { listSome, FEW } from '@sriov/words';
import { pfTitle } from '../words/pf-title.ts';

const NONE = /^[0:]*$/;

/**
 * GUIDs that several VFs of the host have, whoever gave them: a sentence each. They are not given by the operator, which
 * gives each once, and VFs keep what they have from elsewhere.
 */
export function sharedGuids(interfaces: readonly ObservedPf[]): string[] {
  const byGuid = new Map<string, string[]>();
  for (const { guid, holder } of interfaces.flatMap(guidsOf)) {
    byGuid.set(guid, [...(byGuid.get(guid) ?? []), holder]);
  }
  return [...byGuid]
    .filter(([, holders]) => holders.length > 1)
    .map(
      ([guid, holders]) =>
        `the GUID ${guid} belongs to ${listSome(holders, FEW)}: the subnet manager takes them for one: name other GUIDs in the GUID file, or remove the VFs and have them made again`,
    );
}

/** The GUIDs that VFs of a PF have; node and port of a VF most often have the same. */
function guidsOf({ pciAddress, link, sriov }: ObservedPf): { readonly guid: string; readonly holder: string }[] {
  const title = pfTitle({ pciAddress, name: link?.name });
  return (sriov?.vfs ?? []).flatMap(({ id, guids }) => {
    const own = guids === undefined ? [] : [guids.node, guids.port];
    const set = new Set(own.filter((guid) => !NONE.test(guid)));
    return [...set].map((guid) => ({ guid, holder: `VF ${id} of ${title}` }));
  });
}
