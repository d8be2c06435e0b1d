import { errors, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomClaim, RoomTokens } from "./room-tokens.ts";

const algorithm = "HS256";
/** Distinguishes these tokens from any other that might be signed with the same secret. */
const audience = "yurt:room";

const secretBytes = 32;

/** Room tokens that are signed with a secret that servers share, or with one of this process: they end with it then. */
export class SignedRoomTokens implements RoomTokens {
  readonly #secret: Uint8Array;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;

  constructor(clock: Clock, lifetimeMs: number, secret = crypto.getRandomValues(new Uint8Array(secretBytes))) {
    this.#secret = secret;
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  mint({ user, room }: RoomClaim): Promise<string> {
    const now = this.#clock.now();
    return new SignJWT({ room })
      .setProtectedHeader({ alg: algorithm })
      .setAudience(audience)
      .setSubject(user)
      .setJti(crypto.randomUUID())
      .setIssuedAt(new Date(now))
      .setExpirationTime(new Date(now + this.#lifetimeMs))
      .sign(this.#secret);
  }

  async verify(token: string): Promise<RoomClaim | "expired" | "invalid"> {
    try {
      const { payload } = await jwtVerify(token, this.#secret, {
        algorithms: [algorithm],
        audience,
        currentDate: new Date(this.#clock.now()),
      });
      const { sub: user, room } = payload;
      return typeof user === "string" && typeof room === "string" ? { user, room } : "invalid";
    } catch (error) {
      return error instanceof errors.JWTExpired ? "expired" : "invalid";
    }
  }
}
