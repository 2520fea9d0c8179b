import { expect, it } from '@jest/globals';
import { CUSTOM_RESOURCES } from './kinds.ts';

it('the kinds have the names in which upstream’s clusters store and ask for them', () => {
  const names = CUSTOM_RESOURCES.map(({ group, version, kind, plural, singular, namespaced }) =>
    [`${plural}.${group}/${version}`, singular, kind, namespaced ? 'in namespaces' : 'in the cluster'].join(' '),
  );
  expect(names).toEqual([
    'ovsnetworks.sriovnetwork.openshift.io/v1 ovsnetwork OVSNetwork in namespaces',
    'sriovibnetworks.sriovnetwork.openshift.io/v1 sriovibnetwork SriovIBNetwork in namespaces',
    'sriovnetworknodepolicies.sriovnetwork.openshift.io/v1 sriovnetworknodepolicy SriovNetworkNodePolicy in namespaces',
    'sriovnetworknodestates.sriovnetwork.openshift.io/v1 sriovnetworknodestate SriovNetworkNodeState in namespaces',
    'sriovnetworkpoolconfigs.sriovnetwork.openshift.io/v1 sriovnetworkpoolconfig SriovNetworkPoolConfig in namespaces',
    'sriovnetworks.sriovnetwork.openshift.io/v1 sriovnetwork SriovNetwork in namespaces',
    'sriovoperatorconfigs.sriovnetwork.openshift.io/v1 sriovoperatorconfig SriovOperatorConfig in namespaces',
  ]);
});

it.each([
  ['OVSNetwork', 'ovsn', ['Ready', 'Age']],
  ['SriovIBNetwork', 'sribn', ['Ready', 'Age']],
  ['SriovNetworkNodePolicy', 'snnp', ['Resource', 'VFs', 'Matched', 'Ready', 'Age', 'Reason']],
  [
    'SriovNetworkNodeState',
    'snns',
    ['Sync Status', 'Desired Sync State', 'Current Sync State', 'Age', 'PFs', 'VFs', 'Reason', 'Failed PF', 'Failure'],
  ],
  ['SriovNetworkPoolConfig', 'snpc', ['Max Unavailable', 'RDMA Mode', 'Matched', 'Ready', 'Age', 'Reason']],
  ['SriovNetwork', 'srn', ['Ready', 'Age']],
  ['SriovOperatorConfig', 'soc', ['Ready', 'Age']],
])('kubectl knows %s as %s and shows %p', (wanted, shortName, columns) => {
  const resource = CUSTOM_RESOURCES.find(({ kind }) => kind === wanted);
  expect(resource?.shortName).toBe(shortName);
  expect(resource?.printerColumns.map(({ name }) => name)).toEqual(columns);
});

it('every column of kubectl has a type and reads a field that the kind has', () => {
  const wrong = CUSTOM_RESOURCES.flatMap(({ kind, status, spec, printerColumns }) =>
    printerColumns
      .filter(({ type, jsonPath }) => {
        const [, part = '', field = ''] = /^\.(\w+)\.(\w+)/.exec(jsonPath) ?? [];
        const isThere =
          part === 'metadata'
            ? field === 'creationTimestamp' || field === 'annotations'
            : field in (part === 'spec' ? spec : status).shape;
        return !isThere || !['string', 'integer', 'date'].includes(type);
      })
      .map(({ name }) => `${kind}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

it('every rule of the API server says what is wrong with which field', () => {
  const rules = CUSTOM_RESOURCES.flatMap(({ validations }) => validations);
  for (const { rule, message } of rules) {
    expect(rule).toContain('self');
    expect(message).toMatch(/spec\.\w+/);
  }
  const { nameValidation } = CUSTOM_RESOURCES.find(({ kind }) => kind === 'SriovOperatorConfig') ?? {};
  expect(nameValidation).toEqual({
    rule: "self.metadata.name == 'default'",
    message: 'only the SriovOperatorConfig named "default" is used: choose that name',
  });
});
