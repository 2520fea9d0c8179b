import { randomBytes } from 'node:crypto';
import { type Access, adminRequest, type Answer } from '@sriov/control-plane';
import { z } from 'zod';
import { readJson } from './read-json.ts';

/** The control plane that the specs of a project share; started by the Jest preset `tools/control-plane/jest`. */
export interface TestControlPlane {
  readonly kubeconfigPath: string;
  /** Kubernetes version, such as `v1.37.2`. */
  readonly version: string;
  readonly access: Access;
}

const accessSchema = z.object({
  server: z.string(),
  ca: z.string(),
  admin: z.object({ certificate: z.string(), privateKey: z.string() }),
});
const testControlPlaneSchema: z.ZodType<TestControlPlane> = z.object({
  kubeconfigPath: z.string(),
  version: z.string(),
  access: accessSchema,
});

/** The shared control plane. @throws Error when the project does not use the preset. */
export function testControlPlane(): TestControlPlane {
  const text = process.env['SRIOV_TEST_CONTROL_PLANE'];
  if (text === undefined) {
    throw new Error(
      "no control plane: the project's jest.config.cjs must have preset '../../tools/control-plane/jest/preset.cjs'",
    );
  }
  return readJson(testControlPlaneSchema, text);
}

/** A request as administrator whose answer must be a success; returns its body. */
export async function request(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await tryRequest(method, path, body);
  if (answer.status >= 400) {
    throw new Error(`${method} ${path}: ${answer.status} ${(answer.body as { message?: string }).message ?? ''}`);
  }
  return answer.body;
}

/** A request as administrator, whatever its answer. */
export function tryRequest(method: string, path: string, body?: object): Promise<Answer> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  return adminRequest(testControlPlane().access, { method, path, contentType, ...(body && { body }) });
}

/** Makes a namespace that no other test uses, and returns its name. */
export async function createNamespace(prefix = 'test'): Promise<string> {
  const name = `${prefix}-${randomBytes(4).toString('hex')}`;
  await request('POST', '/api/v1/namespaces', { metadata: { name } });
  return name;
}
