import type { Clock } from "../../lib/time/clock.ts";
import type { TurnIdentity } from "../credentials/credentials.ts";
import { credentialGraceMs } from "./authenticate.ts";

/** Users whose credentials are refused, although they are signed and have not expired. */
export class RefusedUsers {
  readonly #clock: Pick<Clock, "now">;
  /** The expiry from which on the credentials of a user are accepted again, in epoch milliseconds. */
  readonly #acceptedFrom = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Refuses the user's credentials that expire before a time. The user is kept until these have expired. */
  add(user: string, expiringBefore: number): void {
    const now = this.#clock.now();
    for (const [other, time] of this.#acceptedFrom)
      if (time + credentialGraceMs <= now) this.#acceptedFrom.delete(other);
    this.#acceptedFrom.set(user, Math.max(expiringBefore, this.#acceptedFrom.get(user) ?? 0));
  }

  has({ user, expiresAt }: Pick<TurnIdentity, "user" | "expiresAt">): boolean {
    return expiresAt < (this.#acceptedFrom.get(user) ?? 0);
  }
}
