/** A named check of a rule chain. The name says what must be true; `check` returns a sentence when it is not. */
export interface Rule<Facts> {
  readonly name: string;
  readonly check: (facts: Facts) => string | undefined;
}

/** The sentence of the first rule that is broken. */
export function firstViolation<Facts>(rules: readonly Rule<Facts>[], facts: Facts): string | undefined {
  for (const { check } of rules) {
    const violation = check(facts);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** The sentences of all rules that are broken. */
export function allViolations<Facts>(rules: readonly Rule<Facts>[], facts: Facts): string[] {
  return rules.flatMap(({ check }) => check(facts) ?? []);
}
