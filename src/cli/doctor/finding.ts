/** One result of an examination: what was found, as sentences, and what to do about it. */
export interface Finding {
  /** The subject, from a fixed set. */
  readonly check: string;
  /** `fail`: the server does not work as it should. `warn`: it does, and something will go wrong or is missing. */
  readonly status: "ok" | "warn" | "fail";
  readonly message: string;
  readonly remedy?: string;
}
