import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CUSTOM_RESOURCES } from '@sriov/api';
import { eventually } from '@sriov/testing';
import { type Found, nameOf } from './test/all-objects.ts';
import { attachment, COLLECTED_MS, CONFIG, DAEMON, OPERATOR, ours, Release, STATE } from './test/release.ts';
import { uninstallSection } from './test/uninstall-section.ts';

jest.setTimeout(180_000);

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAMESPACE = `/api/v1/namespaces/${OPERATOR}`;
const POOL = ours('sriovnetworkpoolconfigs', 'of-upstream');
/** Of the README: plurals, and a label with its value. */
const COMMAND = /kubectl delete (\S+) --selector (app\S+)=(\S+)/;
const WITHOUT_CONFIG = { sriovOperatorConfig: { deploy: false } };

let release: Release;
beforeAll(async () => (release = await Release.create()));
afterAll(() => release.end());

/** As upstream's operator has left them. */
const createUpstreamObjects = async (): Promise<void> => {
  const finalizer = (name: string): string[] => [`${name}.finalizers.sriovnetwork.openshift.io`];
  await release.create('SriovOperatorConfig', { name: 'default', finalizers: finalizer('operatorconfig') }, {});
  await release.create('SriovNetworkPoolConfig', { name: 'of-upstream', finalizers: finalizer('poolconfig') }, {});
};

// One life of a cluster: each step begins where the one before it ended.
describe('nothing hangs', () => {
  it("when the SriovOperatorConfig and a pool with upstream's finalizers are deleted first", async () => {
    await release.install(WITHOUT_CONFIG);
    await createUpstreamObjects();
    await release.untilDeployed();
    for (const path of [CONFIG, POOL]) await release.ask('DELETE', path);
    for (const path of [CONFIG, POOL, DAEMON, STATE]) await release.untilGone(path);
    await release.uninstall();
  });

  it('when the namespace is deleted first, and the command in the README removes what is left then', async () => {
    await release.install(WITHOUT_CONFIG);
    await createUpstreamObjects();
    await release.untilDeployed();
    await release.createNetwork('blue');
    await release.install({ ...WITHOUT_CONFIG, operator: { admissionControllers: { enabled: true } } });
    await release.ask('DELETE', NAMESPACE);
    await release.untilGone(NAMESPACE);
    expect(await release.find(attachment('blue'))).toBeUndefined();
    const [, plurals = '', label = '', value] = COMMAND.exec(uninstallSection()) ?? [];
    const left = (await release.leftovers()).filter(({ kind }) => kind !== 'CustomResourceDefinition');
    const isMeant = ({ path, labels }: Found): boolean =>
      plurals.split(',').includes(path.split('/').at(-2) ?? '') && labels[label] === value;
    expect(left.length).toBeGreaterThan(10);
    expect(left.filter((object) => !isMeant(object))).toEqual([]);
    for (const { path } of left) await release.ask('DELETE', path);
  });

  it('when a network is deleted after a release that ended without its Jobs, once there is a release again', async () => {
    await release.install();
    await release.untilDeployed();
    await release.createNetwork('blue');
    await release.uninstall('--no-hooks');
    const blue = ours('sriovnetworks', 'blue');
    await release.ask('DELETE', blue);
    expect((await release.mustFind(blue)).finalizers).toHaveLength(1);
    await release.install();
    await release.untilGone(blue);
    expect(await release.find(attachment('blue'))).toBeUndefined();
  });

  it('when the CRDs are deleted first', async () => {
    await release.createNetwork('blue');
    const names = CUSTOM_RESOURCES.map(({ plural, group }) => `${plural}.${group}`);
    for (const name of names) await release.ask('DELETE', `${CRDS}/${name}`);
    for (const name of names) await release.untilGone(`${CRDS}/${name}`);
    expect(await release.find(attachment('blue'))).toBeUndefined();
    await release.uninstall();
    await eventually(async () => {
      expect((await release.leftovers()).map(nameOf).sort()).toEqual([
        'CustomResourceDefinition network-attachment-definitions.k8s.cni.cncf.io',
        `Namespace ${OPERATOR}`,
      ]);
      return true;
    }, COLLECTED_MS);
  });
});
