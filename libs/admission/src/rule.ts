/** A named check of a rule chain. The name says what holds; `check` gives a sentence when it does not. */
export interface Rule<Facts> {
  readonly name: string;
  readonly check: (facts: Facts) => string | undefined;
}

/** The sentence of the first rule that does not hold. */
export function firstViolation<Facts>(rules: readonly Rule<Facts>[], facts: Facts): string | undefined {
  for (const { check } of rules) {
    const violation = check(facts);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** The sentences of all rules that do not hold. */
export function allViolations<Facts>(rules: readonly Rule<Facts>[], facts: Facts): string[] {
  return rules.flatMap(({ check }) => check(facts) ?? []);
}
