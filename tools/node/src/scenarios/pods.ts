import assert from 'node:assert/strict';
import { VERSIONS } from '@sriov/control-plane';
import { until } from '@sriov/vm';
import { BUSYBOX, imageOf } from '../images/build-images.ts';
import { podSpecOf, type PodWish } from '../pod-spec.ts';
import { type RealNode } from '../real-node.ts';
import { type Lab, type Scenario } from '../scenario.ts';

/** What the other scenarios build on: pods run as on any node, and outlive the kubelet. */
export const pods: Scenario = {
  name: 'pods',
  async run({ section, node }: Lab): Promise<void> {
    await section.check('the node has the expected versions', async () => {
      const { nodeInfo } = (await node.node()).status;
      assert.equal(nodeInfo.kubeletVersion, `v${VERSIONS.kubernetes}`);
    });
    await section.check('a pod that the scheduler has placed runs, with an interface of its own', async () => {
      await createPod(node, { name: 'network', image: BUSYBOX });
      const { spec, status } = await node.untilRunning({ name: 'network' });
      assert.equal(spec.nodeName, node.name);
      const { stdout } = await node.exec({ name: 'network' }, ['ip', '-o', '-4', 'addr', 'show', 'eth0']);
      assert.match(stdout, new RegExp(` ${String(status.podIP).replaceAll('.', '\\.')}/24 `));
    });
    await section.check('pods reach the API server by their service account, on both networks', async () => {
      const image = imageOf('config-daemon');
      const asking = [
        { name: 'own-network', hostNetwork: false },
        { name: 'host-network', hostNetwork: true },
      ];
      for (const each of asking) await createPod(node, { ...each, image, command: ['node', '-e', WHO_AM_I] });
      for (const { name } of asking) {
        await node.untilRunning({ name });
        const answer = await until(`${name} has an answer`, async () => (await node.log({ name })) || undefined);
        assert.equal(answer, '201 system:serviceaccount:default:default\n');
      }
    });
    await section.check('pods go on running while the kubelet is started again', async () => {
      const before = await idsOf(node);
      await node.stopKubelet('KILL');
      await node.startKubelet();
      assert.deepEqual(await idsOf(node), before);
    });
    await section.check('deleted pods are gone', async () => {
      for (const name of NAMES) await node.deletePod({ name });
    });
  },
};

const NAMES = ['network', 'own-network', 'host-network'];

/** Asks the API server who asks it, as every in-cluster client finds it, checks its certificate, and waits for its end. */
const WHO_AM_I = `
process.on('SIGTERM', () => process.exit());
setInterval(() => undefined, 2 ** 30);
const { readFileSync } = require('node:fs');
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const file = (name) => readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/' + name, 'utf8');
const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const headers = { authorization: 'Bearer ' + file('token'), 'content-type': 'application/json' };
require('node:https').request({ host, port, path, method: 'POST', headers, ca: file('ca.crt') }, (answer) => {
  let text = '';
  answer.on('data', (chunk) => (text += chunk));
  answer.on('end', () => console.log(answer.statusCode, JSON.parse(text).status?.userInfo.username ?? text));
}).end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }));
`;

async function createPod(node: RealNode, wish: PodWish): Promise<void> {
  await node.request('POST', '/api/v1/namespaces/default/pods', podSpecOf(wish));
}

async function idsOf(node: RealNode): Promise<(string | undefined)[]> {
  const seen = await Promise.all(NAMES.map((name) => node.pod({ name })));
  return seen.map(({ status }) => status.containerStatuses[0]?.containerID);
}
