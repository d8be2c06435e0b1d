import type { AccessRequest, Authorizer, Denial, Grant } from "../../../src/auth/authorizer.ts";
import { settled } from "../eventually.ts";
import { FakeGrant } from "./fake-grant.ts";

/** An authorizer that answers each request by its room, when and as the test says, even if the client is gone. */
export class HeldAuthorizer implements Authorizer {
  readonly requests: AccessRequest[] = [];
  /** All grants, in order. */
  readonly grants: FakeGrant[] = [];
  readonly #held: { readonly request: AccessRequest; readonly answer: PromiseWithResolvers<Grant | Denial> }[] = [];

  async authenticate(): Promise<undefined> {}

  authorize(request: AccessRequest): Promise<Grant | Denial> {
    this.requests.push(request);
    const answer = Promise.withResolvers<Grant | Denial>();
    this.#held.push({ request, answer });
    return answer.promise;
  }

  /** The rooms that wait for an answer, in the order of the requests. */
  get waiting(): readonly string[] {
    return this.#held.map(({ request: { room } }) => room);
  }

  /** Grants the first request for a room. */
  async grant(room: string, grant = new FakeGrant("read")): Promise<FakeGrant> {
    this.grants.push(grant);
    this.#take(room).resolve(grant);
    await settled();
    return grant;
  }

  async deny(room: string, kind: Denial["kind"] = "forbidden"): Promise<void> {
    await this.answer(room, denialOf(kind));
  }

  async answer(room: string, denial: Denial): Promise<void> {
    this.#take(room).resolve(denial);
    await settled();
  }

  async fail(room: string, error: unknown): Promise<void> {
    this.#take(room).reject(error);
    await settled();
  }

  #take(room: string): PromiseWithResolvers<Grant | Denial> {
    const index = this.#held.findIndex(({ request }) => request.room === room);
    const [held] = index < 0 ? [] : this.#held.splice(index, 1);
    if (held === undefined) throw new Error(`no request for ${room}`);
    return held.answer;
  }
}

const codes = {
  unauthorized: "bad-signature",
  forbidden: "wrong-room",
  expired: "expired",
  early: "not-yet-valid",
  unavailable: "unavailable",
  deleted: "deleted",
} as const;

/** A denial with the reason `not now`. */
export function denialOf(kind: Denial["kind"], code: Denial["code"] = codes[kind]): Denial {
  return { granted: false, kind, code, reason: "not now" };
}

/** The end of a grant that has run out. */
export const expired = denialOf("expired");
/** The end of a grant that has been revoked. */
export const revoked = denialOf("unauthorized", "revoked");
