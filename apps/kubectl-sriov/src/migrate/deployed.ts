import { GROUP, type KubeObject } from '@sriov/api';
import { WEBHOOK_DEPLOYMENT } from '@sriov/operands';
import { z } from 'zod';
import { latestOf } from '../input/catalog.ts';
import { type InputObject } from '../input/objects.ts';

const texts = z.array(z.string());
const workloadSchema = z.looseObject({
  spec: z.looseObject({
    replicas: z.number().default(1),
    template: z.looseObject({
      spec: z.looseObject({ containers: z.array(z.looseObject({ command: texts.default([]) })) }),
    }),
  }),
});
const webhooksSchema = z.looseObject({
  webhooks: z
    .array(
      z.looseObject({
        clientConfig: z.looseObject({
          service: z.looseObject({ namespace: z.string(), name: z.string() }).optional(),
          url: z.string().optional(),
        }),
        rules: z.array(z.looseObject({ apiGroups: texts.default([]) })).default([]),
      }),
    )
    .default([]),
});

/** A Deployment that runs upstream's operator. */
export interface UpstreamOperator {
  readonly object: KubeObject;
  readonly replicas: number;
}

/** A registration of somebody else's webhook that judges our kinds. */
export interface Registration {
  readonly kind: string;
  readonly object: KubeObject;
  /** What the API server asks: `Service namespace/name`, or an address. */
  readonly asks: string;
}

/** What of an operator the input has. */
export interface Deployed {
  /** Deployments of the operator's namespace that run upstream's operator. */
  readonly operators: readonly UpstreamOperator[];
  /** DaemonSets of the operator's namespace, by name. */
  readonly daemonSets: ReadonlyMap<string, KubeObject>;
  /** Of the whole cluster: they have no namespace. */
  readonly registrations: readonly Registration[];
  /** The input has a Deployment, so the Deployments of the cluster are in it. */
  readonly hasDeployments: boolean;
}

/** The program of upstream's operator, whatever its chart or its catalog calls the Deployment. */
const PROGRAM = /(?:^|\/)sriov-network-operator$/;

const REGISTRATIONS: ReadonlySet<string> = new Set(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration']);

/**
 * The input without the registrations of this operator's webhook. They have the name of upstream's, and those that
 * `helm template` prints are not in the cluster: they must not stand for the ones that are.
 */
export function withoutOwnRegistrations(objects: readonly InputObject[]): readonly InputObject[] {
  return objects.filter(
    ({ object: { kind, metadata } }) =>
      !REGISTRATIONS.has(kind) || metadata.labels?.['app.kubernetes.io/component'] !== WEBHOOK_DEPLOYMENT,
  );
}

/** Finds in the input what operators consist of. */
export function deployedOf(objects: readonly InputObject[], operatorNamespace: string): Deployed {
  const all = [...latestOf(objects).latest.values()].map(({ object }) => object);
  const deployments = all.filter(({ kind }) => kind === 'Deployment');
  const isHere = ({ metadata }: KubeObject): boolean => metadata.namespace === operatorNamespace;
  return {
    operators: deployments.filter(isHere).flatMap((object) => upstreamOperator(object) ?? []),
    daemonSets: new Map(
      all
        .filter((object) => object.kind === 'DaemonSet' && isHere(object))
        .map((object) => [object.metadata.name, object]),
    ),
    registrations: all.filter(({ kind }) => REGISTRATIONS.has(kind)).flatMap((object) => registration(object) ?? []),
    hasDeployments: deployments.length > 0,
  };
}

function upstreamOperator(object: KubeObject): UpstreamOperator | undefined {
  const { spec } = workloadSchema.safeParse(object).data ?? {};
  const isUpstream = spec?.template.spec.containers.some(({ command: [program = ''] }) => PROGRAM.test(program));
  return isUpstream === true ? { object, replicas: spec?.replicas ?? 0 } : undefined;
}

function registration(object: InputObject['object']): Registration | undefined {
  const { webhooks = [] } = webhooksSchema.safeParse(object).data ?? {};
  const judge = webhooks.find(({ rules }) => rules.some(({ apiGroups }) => apiGroups.includes(GROUP)));
  if (judge === undefined) return undefined;
  const { service, url = '' } = judge.clientConfig;
  return { kind: object.kind, object, asks: service ? `Service ${service.namespace}/${service.name}` : url };
}
