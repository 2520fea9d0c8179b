import assert from 'node:assert/strict';
import { VERSIONS } from '@sriov/control-plane';
import { IMAGE } from '../images/build-images.ts';
import { podSpecOf } from '../pod-spec.ts';
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
      await applyPod(node, 'own-network', { hostNetwork: false });
      const { spec, status } = await node.untilRunning({ name: 'own-network' });
      assert.equal(spec.nodeName, node.name);
      const { stdout } = await node.exec({ name: 'own-network' }, ['ip', '-o', '-4', 'addr', 'show', 'eth0']);
      assert.match(stdout, new RegExp(` ${String(status.podIP).replaceAll('.', '\\.')}/24 `));
    });
    await section.check('pods reach the API server by their service account, on both networks', async () => {
      await applyPod(node, 'host-network', { hostNetwork: true });
      await node.untilRunning({ name: 'host-network' });
      for (const name of ['own-network', 'host-network']) {
        const answer = await node.exec({ name }, ['node', '-e', WHO_AM_I]);
        const stdout = '201 system:serviceaccount:default:default\n';
        assert.deepEqual(answer, { exitCode: 0, stdout, stderr: '' });
      }
    });
    await section.check('pods go on running while the kubelet is started again', async () => {
      const before = await idsOf(node);
      await node.stopKubelet('KILL');
      await node.startKubelet();
      assert.deepEqual(await idsOf(node), before);
    });
    await section.check('deleted pods are gone', async () => {
      for (const name of ['own-network', 'host-network']) await node.deletePod({ name });
    });
  },
};

/** Asks the API server who asks it, as every in-cluster client finds it, and checks its certificate. */
const WHO_AM_I = `
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

async function applyPod(node: RealNode, name: string, { hostNetwork }: { hostNetwork: boolean }): Promise<void> {
  await node.request(
    'POST',
    '/api/v1/namespaces/default/pods',
    podSpecOf({ name, image: IMAGE.configDaemon, hostNetwork }),
  );
}

async function idsOf(node: RealNode): Promise<(string | undefined)[]> {
  const seen = await Promise.all(['own-network', 'host-network'].map((name) => node.pod({ name })));
  return seen.map(({ status }) => status.containerStatuses[0]?.containerID);
}
