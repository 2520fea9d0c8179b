import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { eventually } from '@sriov/testing';
import { nameOf } from './test/all-objects.ts';
import { COLLECTED_MS, CONFIG, DAEMON, OPERATOR, ours, Release, STATE, TEAM } from './test/release.ts';
import { uninstallSection } from './test/uninstall-section.ts';

jest.setTimeout(180_000);

const DEVICE_PLUGIN = 'sriovnetwork.openshift.io/device-plugin';
const NODE = '/api/v1/nodes/node-a';
const CONFIG_MAPS = `/api/v1/namespaces/${OPERATOR}/configmaps`;
const CONTROLLERS = ['policy-controller', 'network-renderer', 'operand-controller'];
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${OPERATOR}/deployments`;
const WITH_WEBHOOK = { operator: { admissionControllers: { enabled: true } } };
/** What stays of any release: the CRDs, with what people have made of them, and the namespace. */
const CRDS = CUSTOM_RESOURCES.map(({ plural, group }) => `${plural}.${group}`);
const KEPT = [
  `Namespace ${OPERATOR}`,
  ...[...CRDS, 'network-attachment-definitions.k8s.cni.cncf.io'].map((name) => `CustomResourceDefinition ${name}`),
];
/** The README says "network". */
const OF_PEOPLE = ['SriovNetwork'];
const BLUE = [`SriovNetwork ${OPERATOR}/blue`, `NetworkAttachmentDefinition ${TEAM}/blue`];

let release: Release;
beforeAll(async () => (release = await Release.create()));
afterAll(() => release.end());

/** Waits, because Kubernetes collects what nobody owns any more in its own time. */
const expectLeft = (...names: string[]): Promise<unknown> =>
  eventually(async () => {
    const left = await release.leftovers();
    expect(left.map(nameOf).sort()).toEqual(names.sort());
    const section = uninstallSection();
    expect(left.filter(({ kind }) => !OF_PEOPLE.includes(kind) && !section.includes(kind))).toEqual([]);
    return true;
  }, COLLECTED_MS);

// One life of a cluster: each step begins where the one before it ended.
describe('helm uninstall', () => {
  it('leaves the CRDs and what people have made, and nothing else', async () => {
    await release.install();
    await release.untilDeployed();
    await release.createNetwork('blue');
    await release.ask('PATCH', NODE, { metadata: { labels: { [DEVICE_PLUGIN]: 'Enabled' } } });
    await release.install(WITH_WEBHOOK);
    await release.uninstall();
    await expectLeft(...KEPT, ...BLUE);
    expect((await release.mustFind(NODE)).labels).not.toHaveProperty([DEVICE_PLUGIN]);
    expect((await release.mustFind(ours('sriovnetworks', 'blue'))).finalizers).toEqual([]);
  });

  it('does the same when all controllers were stopped before, and ends the deletions that they owe', async () => {
    await release.install();
    await release.untilDeployed();
    await release.createNetwork('leaving');
    for (const name of CONTROLLERS) {
      await release.ask('PATCH', `${DEPLOYMENTS}/${name}`, { spec: { replicas: 0 } });
    }
    const isOfController = (pod: string): boolean =>
      CONTROLLERS.some((name) => pod.startsWith(`Pod ${OPERATOR}/${name}`));
    await eventually(async () => !(await release.leftovers()).map(nameOf).some(isOfController));
    await release.ask('DELETE', ours('sriovnetworks', 'leaving'));
    expect((await release.mustFind(ours('sriovnetworks', 'leaving'))).finalizers).toHaveLength(1);
    await release.uninstall();
    await expectLeft(...KEPT, ...BLUE);
  });

  it('leaves a SriovOperatorConfig that the chart has not asked for, and no privileged pods', async () => {
    const withoutConfig = { sriovOperatorConfig: { deploy: false } };
    await release.install(withoutConfig);
    await release.create('SriovOperatorConfig', { name: 'default' }, { logLevel: 1 });
    await release.untilDeployed();
    await release.uninstall();
    const states = ['node-a', 'node-b'].map((name) => `SriovNetworkNodeState ${OPERATOR}/${name}`);
    await expectLeft(...KEPT, ...BLUE, `SriovOperatorConfig ${OPERATOR}/default`, ...states);
    await release.ask('DELETE', CONFIG);
    await expectLeft(...KEPT, ...BLUE);
  });
});

describe('the SriovOperatorConfig, and what Kubernetes removes with it, stay', () => {
  let before: string[];
  const uids = async (): Promise<string[]> =>
    Promise.all([CONFIG, DAEMON, STATE].map(async (path) => (await release.mustFind(path)).uid));
  /** An object that Kubernetes has to collect shows when it has looked at what the ConfigMap owned. */
  const expectNothingCollected = async (lose: () => Promise<unknown>): Promise<void> => {
    const { uid, name } = await release.mustFind(`${CONFIG_MAPS}/operator-config`);
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
    await release.ask('POST', CONFIG_MAPS, { metadata: { name: 'canary', ownerReferences } });
    await lose();
    await release.untilGone(`${CONFIG_MAPS}/canary`);
    expect(await uids()).toEqual(before);
  };

  beforeAll(async () => {
    await release.install();
    await release.untilDeployed();
    before = await uids();
  });

  it('when somebody deletes the ConfigMap in which the chart asks for it', async () => {
    await expectNothingCollected(() => release.ask('DELETE', `${CONFIG_MAPS}/operator-config`));
  });

  it('when an upgrade no longer asks for it', async () => {
    await release.install({ logLevel: 'debug' });
    await expectNothingCollected(() => release.install({ sriovOperatorConfig: { deploy: false } }));
  });
});
