import type { Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { openRoom, type RoomPass } from "../../rooms/room-pass.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Handshake } from "../../transport/protocol.ts";
import type { SyncRoom } from "../sync-room.ts";
import type { ConcurrencyLimit } from "./concurrency-limit.ts";
import type { HocuspocusLimits } from "./limits.ts";

/** What the admissions of a server share. */
export interface DocumentAuthorizationOptions {
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly authorizer: Authorizer;
  readonly limits: Pick<HocuspocusLimits, "authenticationMs">;
  readonly clock: Clock;
}

/** Who wants to enter which document. */
export interface DocumentRequest {
  readonly connection: Connection;
  readonly handshake: Handshake;
  /** The document's. */
  readonly name: string;
  /** Of all admissions of the connection: each may cost the authorizer a question and the store a document. */
  readonly concurrency: ConcurrencyLimit;
}

/**
 * How the provider of one document gets in: the authorizer is asked, as often as a token comes, then the room is opened.
 *
 * The client decides how often and when, so it waits for its turn, and for nothing longer than `limits.authenticationMs`.
 */
export class DocumentAuthorization {
  readonly #request: DocumentRequest;
  readonly #options: DocumentAuthorizationOptions;
  readonly #expired: () => void;
  #phase: "idle" | "authorizing" | "opening" = "idle";
  #cancelDeadline: (() => void) | undefined;

  /** `expired`: the time is over, and nobody is being asked. */
  constructor(request: DocumentRequest, options: DocumentAuthorizationOptions, expired: () => void) {
    this.#request = request;
    this.#options = options;
    this.#expired = expired;
  }

  /** Whether the authorizer's answer is to come. */
  get isAuthorizing(): boolean {
    return this.#phase === "authorizing";
  }

  /** It is to be decided soon, however much the client says meanwhile. The time of a start that is not settled goes on. */
  startDeadline(): void {
    const { clock, limits } = this.#options;
    this.#cancelDeadline ??= clock.after(limits.authenticationMs, () => this.#deadlinePassed());
  }

  /** It is decided, for now. */
  stopDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  /** Asks when its turn has come, which lasts until `decided` has done with the answer. */
  async authorize<R>(token: string | undefined, decided: (decision: Grant | Denial) => Promise<R>): Promise<R> {
    const { concurrency, name, handshake } = this.#request;
    this.startDeadline();
    this.#phase = "authorizing";
    try {
      return await concurrency.take(handshake.signal, async () => {
        const request = accessRequest("sync", name, { ...this.#request, token });
        const decision = await this.#options.authorizer.authorize(request);
        this.#phase = "opening";
        return decided(decision);
      });
    } finally {
      this.#phase = "idle";
    }
  }

  /** Opens the room, unless the grant ends before that. The grant is released if the way is not free. */
  open(grant: Grant): Promise<RoomPass<SyncRoom> | Denial> {
    return openRoom(this.#options.rooms, this.#request.name, grant);
  }

  #deadlinePassed(): void {
    this.#cancelDeadline = undefined;
    if (this.#phase === "idle") this.#expired();
    else this.#request.connection.close(closeReasons.timeout);
  }
}
