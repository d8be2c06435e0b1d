import type { BusPort } from "../../cluster/bus.ts";
import { isSameBytes } from "../../lib/crypto/same-bytes.ts";
import { decodeVerdict, encodeClaim, type Verdict } from "./claim-codec.ts";
import type { ClaimedIds, RoomId } from "./claimed-ids.ts";
import { isSameStamp, type Stamp, type StampClock } from "./stamp.ts";

/** The permission to hold an id, which the other nodes are told when its client joins. */
export interface IdGrant {
  readonly stamp: Stamp;
  /** The stamps of clients of other nodes that give way. */
  readonly replaces: readonly Stamp[];
  /** The details of those clients. */
  readonly details: readonly string[];
}

/** How long the other nodes have to answer, besides the time for a ping. */
const askMs = 1_000;
/** How often a claim asks, when other clients get the id meanwhile. */
const mostRounds = 3;

export interface IdClaimOptions extends RoomId {
  readonly port: BusPort;
  readonly ids: ClaimedIds;
  readonly limits: { readonly livenessProbeMs: number };
  readonly proof: Uint8Array;
  readonly stamps: StampClock;
  /** The claim of this node to the same id that came before. */
  readonly former: IdClaim | undefined;
  /** The claim has ended, as the first one of its queue. */
  readonly ended: () => void;
}

/** The claim of one client to one id. The claims of one node to an id are decided one after the other. */
export class IdClaim {
  /** Resolves when the claim has ended, with the stamp of its grant if it was granted. */
  readonly settled: Promise<Stamp | undefined>;
  readonly #options: IdClaimOptions;
  readonly #settle: (granted: Stamp | undefined) => void;
  readonly #permitted: Extract<Verdict, { type: "permitted" }>[] = [];
  /** The stamps of the clients elsewhere about which all nodes were asked; undefined before that. */
  #asked: Stamp[] | undefined;
  #stamp: Stamp;
  #granted: Stamp | undefined;
  #rounds = 0;

  constructor(options: IdClaimOptions) {
    this.#options = options;
    this.#stamp = options.stamps.next();
    const { promise, resolve } = Promise.withResolvers<Stamp | undefined>();
    this.settled = promise;
    this.#settle = resolve;
  }

  get stamp(): Stamp {
    return this.#stamp;
  }

  /** Resolves when the claims of this node to the same id that came before have ended. */
  async begin(): Promise<void> {
    await this.#options.former?.settled;
  }

  /** The claims that came before have ended: from now on this one is later than all that they have met. */
  reachedFront(): void {
    this.#stamp = this.#options.stamps.next();
  }

  /** Whether all nodes have been asked about every client elsewhere that holds the id now. */
  get isDecided(): boolean {
    const { ids, room, id } = this.#options;
    const asked = this.#asked;
    if (asked === undefined) return false;
    return ids.holdersElsewhere({ room, id }).every(({ stamp }) => asked.some((known) => isSameStamp(known, stamp)));
  }

  /** Asks all nodes; resolves with false if another client keeps the id, or gets it. */
  async ask(): Promise<boolean> {
    const { ids, port, room, id, proof, limits } = this.#options;
    this.#rounds += 1;
    if (this.#rounds > mostRounds) return false;
    const holders = ids.holdersElsewhere({ room, id });
    // The same client gives way without a ping. Its node may be the one that has just died.
    const isPinged =
      ids.isPartial === true || holders.some((holder) => proof.byteLength === 0 || !isSameBytes(holder.proof, proof));
    const withinMs = isPinged ? limits.livenessProbeMs + askMs : askMs;
    const { answers } = await port.ask(room, encodeClaim({ id, stamp: this.#stamp, proof }), { withinMs });
    const verdicts = answers.map(({ answer }) => decodeVerdict(answer));
    for (const verdict of verdicts) if (verdict?.type === "permitted") this.#permit(verdict);
    this.#asked = [...holders, ...this.#permitted].map((asked) => asked.stamp);
    return verdicts.every((verdict) => verdict?.type !== "taken");
  }

  /** Gives the id to the client, in the same synchronous step in which it joins. */
  grant(): IdGrant {
    const stamp = this.#options.stamps.next();
    this.#granted = stamp;
    return {
      stamp,
      replaces: this.#permitted.map((verdict) => verdict.stamp),
      details: this.#permitted.flatMap(({ details }) => (details === "" ? [] : [details])),
    };
  }

  /** To be called once, after `begin`. */
  end(): void {
    this.#options.ended();
    this.#settle(this.#granted);
  }

  #permit(verdict: Extract<Verdict, { type: "permitted" }>): void {
    this.#options.stamps.observe(verdict.stamp);
    this.#permitted.push(verdict);
  }
}
