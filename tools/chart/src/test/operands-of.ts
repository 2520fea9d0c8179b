import { apiVersionOf, type OperatorConfigSpec, operatorConfigSpecSchema } from '@sriov/api';
import { type Manifest, readManifests } from '@sriov/control-plane';
import { OPERANDS, readOperandSettings, wantedOperand } from '@sriov/operands';
import { z } from 'zod';

const configMapSchema = z.object({ data: z.record(z.string(), z.string()) });
const OWNER = { apiVersion: 'v1', kind: 'SriovOperatorConfig', name: 'default', uid: 'u' };

/** The data of a ConfigMap of the chart. @throws Error when the chart has none of that name */
export function dataOf(objects: readonly Manifest[], name: string): Record<string, string> {
  const found = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  return configMapSchema.parse(found).data;
}

/** The spec of the SriovOperatorConfig that the chart asks for. */
export function operatorConfigOf(objects: readonly Manifest[]): OperatorConfigSpec {
  return operatorConfigSpecSchema.parse(JSON.parse(dataOf(objects, 'operator-config')['spec.json'] ?? ''));
}

/** What the operand controller makes of the chart: the objects of all operands. */
export function operandsOf(objects: readonly Manifest[], namespace = 'any'): Manifest[] {
  const read = readOperandSettings(dataOf(objects, 'operand-settings'));
  if (!read.ok) throw new Error(read.message);
  const inputs = { namespace, config: operatorConfigOf(objects), owner: OWNER, settings: read.settings };
  const wanted = OPERANDS.flatMap((name) => {
    const operand = wantedOperand(inputs, name);
    return operand.kind === 'on' ? operand.objects : [];
  }).map(({ resource, object }) => ({ apiVersion: apiVersionOf(resource), kind: resource.kind, ...object }));
  return readManifests(wanted.map((object) => JSON.stringify(object)).join('\n---\n'));
}
