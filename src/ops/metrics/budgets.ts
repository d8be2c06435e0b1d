import type { Instruments } from "./instruments.ts";
import type { budgetNames } from "./label-values.ts";

export type BudgetName = (typeof budgetNames)[number];

export interface BudgetSources {
  readonly used: () => number;
  readonly limit: () => number;
}

/** The bytes that all clients together may take of the server's memory, by their purpose. */
export class Budgets {
  readonly #used;
  readonly #limits;
  readonly #sources = new Map<BudgetName, BudgetSources>();

  constructor(instruments: Instruments) {
    this.#used = instruments.labelledGauge<BudgetName>(
      "budget_used_bytes",
      "Bytes in use of a bound on memory",
      "budget",
    );
    this.#limits = instruments.labelledGauge<BudgetName>("budget_limit_bytes", "The bound on memory", "budget");
  }

  /** Must be called once for each budget, by its owner. */
  readFrom(budget: BudgetName, { used, limit }: BudgetSources): void {
    this.#sources.set(budget, { used, limit });
    this.#used.readFrom(budget, used);
    this.#limits.readFrom(budget, limit);
  }
  /** The budgets that have an owner. */
  list(): readonly { readonly name: BudgetName; readonly usedBytes: number; readonly limitBytes: number }[] {
    return Array.from(this.#sources, ([name, { limit, used }]) => ({ name, usedBytes: used(), limitBytes: limit() }));
  }
}
