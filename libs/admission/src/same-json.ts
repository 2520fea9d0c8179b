/**
 * True when two JSON values are equal, whatever the order of their members. It neither recurses nor prints, since the
 * sender may have nested the values as deep as they liked.
 */
export function isSameJson(a: unknown, b: unknown): boolean {
  const rest: [unknown, unknown][] = [[a, b]];
  for (let pair = rest.pop(); pair !== undefined; pair = rest.pop()) {
    const [one, other] = pair;
    if (one === other) continue;
    if (!isContainer(one) || !isContainer(other) || Array.isArray(one) !== Array.isArray(other)) return false;
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(other).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(other, key)) return false;
      rest.push([one[key], other[key]]);
    }
  }
  return true;
}

function isContainer(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
