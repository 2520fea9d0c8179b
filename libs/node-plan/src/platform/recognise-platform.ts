import { type Dmi } from '@sriov/observed-host';

/** What a node runs on, as far as it matters to the daemon: who can tell it about networks. */
export type Platform = 'bare metal' | 'OpenStack' | 'AWS';

/** What the cluster and the machine say about the platform. */
export interface PlatformFacts {
  /** `spec.providerID` of the Node; absent where it has none, or the Node could not be read. */
  readonly providerID?: string | undefined;
  readonly dmi: Dmi;
}

/**
 * Recognises the platform. A provider id decides alone, as it does for upstream. A node without one has no cloud
 * controller, and what the firmware says decides: Nova and EC2 write their names there.
 */
export function recognisePlatform({ providerID = '', dmi }: PlatformFacts): Platform {
  const id = providerID.toLowerCase();
  if (id !== '') return id.includes('aws') ? 'AWS' : id.includes('openstack') ? 'OpenStack' : 'bare metal';
  return platformOf(dmi);
}

/** Product names that Nova and its packages use, as cloud-init knows them (DataSourceOpenStack.py). */
const NOVA_PRODUCTS = ['OpenStack Nova', 'OpenStack Compute'];
/** Clouds that are OpenStack and say so in the asset tag alone; from the same file. */
const NOVA_ASSET_TAGS = [
  ...NOVA_PRODUCTS,
  'HUAWEICLOUD',
  'OpenTelekomCloud',
  'SAP CCloud VM',
  'Samsung Cloud Platform',
];

function platformOf({ sysVendor, productName = '', chassisAssetTag = '', biosVersion = '' }: Dmi): Platform {
  if (NOVA_PRODUCTS.includes(productName) || NOVA_ASSET_TAGS.includes(chassisAssetTag)) return 'OpenStack';
  // The second on the older machines of EC2, whose vendor is Xen.
  if (sysVendor === 'Amazon EC2' || /\.amazon$/.test(biosVersion)) return 'AWS';
  return 'bare metal';
}
