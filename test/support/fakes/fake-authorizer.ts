import type { Access, AccessRequest, Authorizer, Denial, Grant } from "../../../src/auth/authorizer.ts";
import { untilAborted } from "../../../src/lib/abortable-wait.ts";
import { FakeGrant } from "./fake-grant.ts";

/** An authorizer that decides by token, as the test says and when the test says. */
export class FakeAuthorizer implements Authorizer {
  readonly requests: AccessRequest[] = [];
  /** All grants, in order. */
  readonly grants: FakeGrant[] = [];
  readonly #decisions = new Map<string | undefined, Access | Denial>();
  #held: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * Sets the decision for a token; `undefined` is a request without one. A token without a decision is granted write
   * access.
   */
  decide(token: string | undefined, decision: Access | Denial): void {
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

  async authenticate(token: string | undefined): Promise<Denial | undefined> {
    const decision = token === undefined ? undefined : this.#decisions.get(token);
    return typeof decision === "object" && decision.kind === "unauthorized" ? decision : undefined;
  }

  async authorize(request: AccessRequest): Promise<Grant | Denial> {
    this.requests.push(request);
    if (this.#held !== undefined) await untilAborted(this.#held, request.signal);
    if (this.#failure !== undefined) throw this.#failure;
    const decision = this.#decisions.get(request.token) ?? "write";
    if (typeof decision === "object") return decision;
    const grant = new FakeGrant(decision);
    this.grants.push(grant);
    return grant;
  }
}

/** An authorizer that answers each request with `authorize`, and denies no handshake. */
export function authorizerThat(authorize: Authorizer["authorize"]): Authorizer {
  return { authenticate: async () => undefined, authorize };
}

export const denied: Denial = {
  granted: false,
  kind: "unauthorized",
  code: "malformed-token",
  reason: "not this token",
};
