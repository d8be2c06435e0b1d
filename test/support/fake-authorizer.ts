import type { AccessRequest, Authorizer, Denial, Grant } from "../../src/auth/authorizer.ts";

/** Decides as the test says, by token, and when the test says. */
export class FakeAuthorizer implements Authorizer {
  readonly requests: AccessRequest[] = [];
  readonly #decisions = new Map<string | undefined, Grant | Denial>();
  #held: Promise<void> | undefined;
  #failure: Error | undefined;

  /** For this token; `undefined` is none. What is not decided is granted to write. */
  decide(token: string | undefined, decision: Grant | Denial): void {
    this.#decisions.set(token, decision);
  }

  /** Keeps requests waiting until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  fail(error: Error): void {
    this.#failure = error;
  }

  async authorize(request: AccessRequest): Promise<Grant | Denial> {
    this.requests.push(request);
    if (this.#held !== undefined) await Promise.race([this.#held, rejectedOn(request.signal)]);
    if (this.#failure !== undefined) throw this.#failure;
    return this.#decisions.get(request.token) ?? { granted: true, access: "write" };
  }
}

function rejectedOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

export const mayRead: Grant = { granted: true, access: "read" };
export const denied: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "malformed-token",
  reason: "not this token",
};
