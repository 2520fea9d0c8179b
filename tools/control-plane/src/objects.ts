import { type Access, adminRequest, type Answer } from './admin-request.ts';

/** An object to be applied, of any kind that the API server knows. */
export interface AppliedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** How an object is applied. */
export interface ApplyOptions {
  /** The API server checks it as if it were to be stored, and stores nothing. */
  readonly dryRun?: boolean;
}

/**
 * Applies an object as administrator (server-side apply, taking over fields of others), and returns what the API
 * server made of it.
 * @throws Error that names the object and says what the API server has against it
 */
export async function applyObject(access: Access, object: AppliedObject, options: ApplyOptions = {}): Promise<unknown> {
  const path = await pathOf(access, object);
  const dryRun = options.dryRun === true ? '&dryRun=All' : '';
  const answer = await adminRequest(access, {
    method: 'PATCH',
    path: `${path}?fieldManager=sriov-tools&force=true&fieldValidation=Strict${dryRun}`,
    contentType: 'application/apply-patch+yaml',
    body: object,
  });
  if (answer.status >= 400) throw new Error(`${object.kind} ${object.metadata.name}: ${messageIn(answer)}`);
  return answer.body;
}

/** True once the API server serves the kind of the CRD: established, and listed in discovery, which follows later. */
export async function isServed(access: Access, crd: string): Promise<boolean> {
  const { spec, status } = (await read(
    access,
    `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`,
  )) as Crd;
  const isEstablished = status?.conditions?.some(
    ({ type, status: holds }) => type === 'Established' && holds === 'True',
  );
  if (isEstablished !== true) return false;
  for (const { name } of spec.versions.filter(({ served }) => served)) {
    const root = `/apis/${spec.group}/${name}`;
    if (!(await resourcesIn(access, root)).some(({ kind }) => kind === spec.names.kind)) return false;
  }
  return true;
}

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly served: boolean }[];
  };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function pathOf(access: Access, { apiVersion, kind, metadata }: AppliedObject): Promise<string> {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const resource = (await resourcesIn(access, root)).find((candidate) => candidate.kind === kind);
  if (!resource) throw new Error(`${kind} ${metadata.name}: the API server knows no ${kind} in ${apiVersion}`);
  const scope = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
  return `${root}${scope}/${resource.name}/${metadata.name}`;
}

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** Resources of an API group's version, without subresources; none when the API server does not know it (yet). */
async function resourcesIn(access: Access, root: string): Promise<ApiResource[]> {
  const answer = await adminRequest(access, { method: 'GET', path: root });
  if (answer.status === 404) return [];
  if (answer.status >= 400) throw new Error(`GET ${root}: ${messageIn(answer)}`);
  return (answer.body as { resources: ApiResource[] }).resources.filter(({ name }) => !name.includes('/'));
}

async function read(access: Access, path: string): Promise<unknown> {
  const answer = await adminRequest(access, { method: 'GET', path });
  if (answer.status >= 400) throw new Error(`GET ${path}: ${messageIn(answer)}`);
  return answer.body;
}

function messageIn({ status, body }: Answer): string {
  return (body as { message?: string } | undefined)?.message ?? `HTTP ${status}`;
}
