import { type LabelSelector, ownValue } from '@sriov/api';

/** True when every pair of `selector` is among `labels`; an empty selector matches everything. */
export function matchesLabels(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  return Object.entries(selector).every(([key, value]) => ownValue(labels, key) === value);
}

/** True when all of the selector's labels and expressions hold; an absent or empty one selects everything. */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    matchesLabels(matchLabels, labels) && matchExpressions.every((expression) => expressionHolds(expression, labels))
  );
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function expressionHolds(
  { key, operator, values = [] }: Expression,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = ownValue(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      // A pool with such an operator cannot be read. Until that is known it selects nothing rather than everything.
      return false;
  }
}
