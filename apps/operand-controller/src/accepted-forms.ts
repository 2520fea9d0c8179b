import { type AcceptedForm } from '@sriov/operands';

/**
 * How the API server keeps what we applied, by object. It is in memory alone: after a restart, an object whose values
 * the server keeps in another form is applied once more, which changes nothing.
 */
export class AcceptedForms {
  readonly #forms = new Map<string, AcceptedForm>();

  get(key: string): AcceptedForm | undefined {
    return this.#forms.get(key);
  }

  set(key: string, form: AcceptedForm): void {
    this.#forms.set(key, form);
  }
}
