import { type SyncAnswer } from '@sriov/plugin-handover';

type Resource = SyncAnswer['resources'][number];

/**
 * What several instances of the device plugin say together; nothing where there is none. A device counts as offered
 * when one of them offers it, and as held when none gives it to a pod; a resource as unknown to the kubelet when all say
 * so.
 */
export function mergeAnswers(answers: readonly SyncAnswer[]): SyncAnswer | undefined {
  const [first, ...others] = answers;
  return first && others.reduce(mergeTwo, first);
}

function mergeTwo(a: SyncAnswer, b: SyncAnswer): SyncAnswer {
  const { configHash, ...rest } = a;
  return {
    ...rest,
    resources: mergeResources(a.resources, b.resources),
    heldBack: distinct([...a.heldBack, ...b.heldBack]),
    configProblems: distinct([...a.configProblems, ...b.configProblems]),
    held: heldByAll([a, b]),
    allocating: distinct([...a.allocating, ...b.allocating]),
    ...(configHash !== undefined && configHash === b.configHash && { configHash }),
  };
}

/** The kubelet asks any of them: a device is held when whoever lists it as healthy holds it. */
function heldByAll(answers: readonly SyncAnswer[]): string[] {
  const isGiven = (id: string): boolean =>
    answers.some(({ resources, held }) => !held.includes(id) && resources.some(({ healthy }) => healthy.includes(id)));
  return distinct(answers.flatMap(({ held }) => held)).filter((id) => !isGiven(id));
}

function mergeResources(a: readonly Resource[], b: readonly Resource[]): Resource[] {
  const byName = new Map(a.map((resource) => [resource.name, resource]));
  for (const resource of b) {
    const known = byName.get(resource.name);
    byName.set(resource.name, known === undefined ? resource : mergeResource(known, resource));
  }
  return [...byName.values()];
}

function mergeResource({ unregistered, ...a }: Resource, b: Resource): Resource {
  const healthy = distinct([...a.healthy, ...b.healthy]);
  const unhealthy = distinct([...a.unhealthy, ...b.unhealthy]).filter((id) => !healthy.includes(id));
  const isUnknown = unregistered !== undefined && b.unregistered !== undefined;
  return { name: a.name, healthy, unhealthy, ...(isUnknown && { unregistered }) };
}

function distinct<T>(items: readonly T[]): T[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText.values()];
}
