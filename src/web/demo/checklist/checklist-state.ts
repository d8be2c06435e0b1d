import { Stored } from "../../shared/stored.ts";
import { Value } from "../../shared/value.ts";
import { type Step, type StepFacts, StepWatch } from "./steps.ts";

/** The steps that this window has taken in its room. A reload keeps them. */
export class ChecklistState {
  readonly done: Value<readonly Step[]>;
  readonly #watch = new StepWatch();
  readonly #stored: Stored;

  constructor(room: string) {
    this.#stored = new Stored("session", `yurt.steps/${room}`);
    const kept = this.#stored.read();
    this.done = new Value(Array.isArray(kept) ? kept.filter((step): step is Step => typeof step === "string") : []);
  }

  observe(facts: StepFacts): void {
    const added = this.#watch.observe(facts).filter((step) => !this.done.current.includes(step));
    if (added.length === 0) return;
    this.done.set([...this.done.current, ...added]);
    this.#stored.write(this.done.current);
  }
}
