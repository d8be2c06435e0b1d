import type { Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { takeOrWait } from "../../lib/time/take-or-wait.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { AccessRate } from "../../rooms/access-rates.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { openRoom, type RoomPass } from "../../rooms/room-pass.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Handshake } from "../../transport/protocol.ts";
import type { SyncRoom } from "../sync-room.ts";
import type { ConcurrencyLimit } from "./concurrency-limit.ts";
import type { HocuspocusLimits } from "./limits.ts";

/** The dependencies that all authorizations of a server share. */
export interface DocumentAuthorizationOptions {
  readonly rooms: RoomRegistry<SyncRoom>;
  readonly authorizer: Authorizer;
  readonly limits: Pick<HocuspocusLimits, "authenticationMs" | "tokenBurst" | "tokensPerSecond">;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** A connection that asks for one document. */
export interface DocumentRequest {
  readonly connection: Connection;
  readonly handshake: Handshake;
  /** The name of the document. */
  readonly name: string;
  /** Shared by all documents of the connection: each authorization may ask a webhook and load a document. */
  readonly concurrency: ConcurrencyLimit;
  /** Limits the rate of all authorizations of the connection, and of its address. */
  readonly rate: AccessRate;
}

/** A token of the client, or none. */
export interface ShownToken {
  readonly token: string | undefined;
  /** Whether it has taken its turn of the rate of tokens already. */
  readonly hasTurn?: true;
}

/**
 * Authorizes the provider of one document, once for each token that it sends, and opens the room.
 *
 * The client decides how often that happens, so the authorizations of one connection are limited in number at a time and
 * in their rate, and each has to end within `limits.authenticationMs`. One over the rate waits, and the later frames of its
 * document behind it: an application may send a token whenever it is denied. Those of a member wait beside its frames.
 */
export class DocumentAuthorization {
  readonly #request: DocumentRequest;
  readonly #options: DocumentAuthorizationOptions;
  readonly #expired: () => void;
  /** Limits the rate of the tokens for this document. */
  readonly #tokens: TokenBucket;
  /** The last token of a member that is over the rate. */
  #late: ShownToken | undefined;
  #phase: "idle" | "authorizing" | "opening" = "idle";
  #cancelDeadline: (() => void) | undefined;

  /** `expired` is called when the deadline passes while no authorization runs; else the connection is closed. */
  constructor(request: DocumentRequest, options: DocumentAuthorizationOptions, expired: () => void) {
    this.#request = request;
    this.#options = options;
    this.#expired = expired;
    const { clock, limits } = options;
    this.#tokens = new TokenBucket({ burst: limits.tokenBurst, perSecond: limits.tokensPerSecond, clock });
  }

  /** Whether an authorization waits for its turn or for the authorizer. */
  get isAuthorizing(): boolean {
    return this.#phase === "authorizing" || this.hasLateToken;
  }

  /** Whether a token waits beside the frames of the document. */
  get hasLateToken(): boolean {
    return this.#late !== undefined;
  }

  /**
   * Takes the turn of a token, and returns whether it has it now. Otherwise the token waits beside the frames of the
   * document, to hold up no edit, in the place of one that waits already; `ready` gets it when it has its turn.
   */
  takeTurn(token: string | undefined, ready: (shown: ShownToken) => void): boolean {
    const { clock, metrics } = this.#options;
    if (this.#late === undefined) {
      const taking = takeOrWait(this.#tokens, this.#request.handshake, clock);
      if (taking === true) return true;
      void taking.then((hasTurn) => {
        const late = this.#late;
        this.#late = undefined;
        if (hasTurn && late !== undefined) ready(late);
      });
    }
    this.#late = { token, hasTurn: true };
    metrics.delayedAuthorizations.inc();
    metrics.bounds.met("limits.authorizations-per-second");
    return false;
  }

  /** Drops a token that waits beside the frames of the document. */
  dropLateToken(): void {
    this.#late = undefined;
  }

  /** Starts the deadline, unless it runs already: further messages of the client do not extend it. */
  startDeadline(): void {
    const { clock, limits } = this.#options;
    this.#cancelDeadline ??= clock.after(limits.authenticationMs, () => this.#deadlinePassed());
  }

  /** Stops the deadline: the client has joined, or knows that it is denied. */
  stopDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  /**
   * Asks the authorizer when the concurrency limit allows it, and counts against that limit until `decided` has
   * settled.
   */
  async authorize<R>(shown: ShownToken, decided: (decision: Grant | Denial) => Promise<R>): Promise<R> {
    const { concurrency, name, handshake, rate } = this.#request;
    this.#phase = "authorizing";
    try {
      const takeToken = () => shown.hasTurn || takeOrWait(this.#tokens, handshake, this.#options.clock);
      for (const take of [takeToken, () => rate.take(handshake)]) {
        const taking = take();
        if (taking === true) continue;
        this.#options.metrics.delayedAuthorizations.inc();
        this.#options.metrics.bounds.met("limits.authorizations-per-second");
        await taking;
      }
      // A client that has disconnected meanwhile gets no turn.
      this.startDeadline();
      return await concurrency.take(handshake.signal, async () => {
        const request = accessRequest("sync", name, { ...this.#request, token: shown.token });
        const decision = await this.#options.authorizer.authorize(request);
        this.#phase = "opening";
        return decided(decision);
      });
    } finally {
      this.#phase = "idle";
    }
  }

  /**
   * Opens the room. Resolves with a denial if the grant ends first; the grant is released unless a pass is returned.
   */
  open(grant: Grant): Promise<RoomPass<SyncRoom> | Denial> {
    return openRoom(this.#options.rooms, this.#request.name, grant);
  }

  #deadlinePassed(): void {
    this.#cancelDeadline = undefined;
    if (this.#phase === "idle") this.#expired();
    else this.#request.connection.close(closeReasons.timeout, "limits.authentication-ms: not authorized in time");
  }
}
