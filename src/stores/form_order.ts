/** In which of its two forms a store has a chunk: the form that it had last is asked for first. */
import type { StoredForm } from "../core/chunk.ts";

/** What is remembered of one store. */
export class FormOrder {
  #forms: readonly [StoredForm, StoredForm] = ["compressed", "plain"];

  /**
   * The answer for the form that is there, `null` when neither is. A store of one form may refuse the names of the other,
   * which `isRefusal` recognizes: that is an error only when it refuses both. With `only`, one form is asked for.
   */
  async first<T>(
    ask: (form: StoredForm) => Promise<T | null>,
    isRefusal: (error: unknown) => boolean = () => false,
    only?: StoredForm,
  ): Promise<T | null> {
    const refusals: unknown[] = [];
    for (const form of only === undefined ? this.#forms : [only]) {
      try {
        const answer = await ask(form);
        if (answer === null) continue;
        this.remember(form);
        return answer;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refusals.push(error);
      }
    }
    if (refusals.length === this.#forms.length) throw refusals[0];
    return null;
  }

  /** The form that is asked for first. */
  get preferred(): StoredForm {
    return this.#forms[0];
  }

  /** The store has chunks of that form. */
  remember(form: StoredForm): void {
    if (this.#forms[0] !== form) {
      this.#forms = form === "plain" ? ["plain", "compressed"] : ["compressed", "plain"];
    }
  }
}
