import type { BusPort, NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { isAlive } from "../sign-of-life.ts";
import {
  type ClaimQuestion,
  decodeClaim,
  decodeRefusal,
  encodeRefusal,
  encodeVerdict,
  type Verdict,
} from "./claim-codec.ts";
import { type ClaimedIds, noProof, type RoomId } from "./claimed-ids.ts";
import { IdClaim } from "./id-claim.ts";
import { isEarlier, isSameStamp, type Stamp, StampClock } from "./stamp.ts";

export interface IdClaimsOptions {
  readonly node: NodeId;
  readonly port: BusPort;
  readonly ids: ClaimedIds;
  readonly clock: Clock;
  readonly limits: { readonly livenessProbeMs: number };
}

/**
 * Makes an id the id of one client in the cluster, though no node decides for all.
 *
 * A claim asks all nodes. The node of a client that holds the id answers as it would for a claim of its own: the same
 * client gets it, otherwise the holder is pinged. Of claims at the same moment the one with the earliest stamp is decided
 * first, and the others wait for it on its node; exactly one client gets the id. A node that does not answer does not keep
 * clients of other nodes from getting an id: then two clients may have it, as when nodes were cut off from each other. As
 * soon as they hear of each other, the node of the earlier one decides, as if the other client asked.
 */
export class IdClaims {
  readonly #options: IdClaimsOptions;
  readonly #stamps: StampClock;
  /** The claims of this node, by room and id: the first of each list is being decided. */
  readonly #pending = new Map<string, IdClaim[]>();
  /** The ids of which it is being decided which of several clients keeps it, and whether these have changed meanwhile. */
  readonly #settling = new Map<string, "current" | "changed">();

  constructor(options: IdClaimsOptions) {
    this.#options = options;
    this.#stamps = new StampClock(options.node, options.clock);
  }

  /** Begins a claim, which the caller ends. */
  open(claimed: RoomId, proof: Uint8Array = noProof): IdClaim {
    const key = keyOf(claimed);
    const queue = this.#pending.get(key) ?? [];
    this.#pending.set(key, queue);
    const ended = () => {
      queue.shift();
      if (queue.length === 0) this.#pending.delete(key);
      else queue[0]?.reachedFront();
    };
    const claim = new IdClaim({
      ...this.#options,
      ...claimed,
      proof,
      stamps: this.#stamps,
      former: queue.at(-1),
      ended,
    });
    queue.push(claim);
    return claim;
  }

  /** A stamp for a client that gets an id without a claim, since nobody else can have it. */
  nextStamp(): Stamp {
    return this.#stamps.next();
  }

  /** Takes note of a stamp in a message of another node. */
  observe(stamp: Stamp): void {
    this.#stamps.observe(stamp);
  }

  /** Answers a question of another node; undefined if it is no claim, or cannot be read. */
  asked(room: string, question: Uint8Array): Promise<Uint8Array | undefined> | undefined {
    const claim = decodeClaim(question);
    return claim && this.#answer(room, claim);
  }

  /** Handles a message of another node about a claim; false if it is about something else. */
  received(room: string, message: Uint8Array): boolean {
    const refusal = decodeRefusal(message);
    if (refusal === undefined) return false;
    const claimed = { room, id: refusal.id };
    const held = this.#options.ids.holderOf(claimed);
    if (held !== undefined && isSameStamp(held.stamp, refusal.stamp)) this.#options.ids.refused(claimed);
    return true;
  }

  /**
   * The clients of other nodes that hold the id are others than before. To be called when a client of this node holds it,
   * too. `replaces` is that of a grant: its clients give way at once.
   */
  holdersChanged(claimed: RoomId, replaces: readonly Stamp[] = []): void {
    const { ids } = this.#options;
    const held = ids.holderOf(claimed);
    if (held === undefined) return;
    if (replaces.some((stamp) => isSameStamp(stamp, held.stamp))) ids.replaced(claimed);
    else void this.#settle(claimed);
  }

  async #answer(room: string, { id, stamp, proof }: ClaimQuestion): Promise<Uint8Array | undefined> {
    this.#stamps.observe(stamp);
    const claimed = { room, id };
    const own = this.#pending.get(keyOf(claimed))?.[0];
    if (own === undefined || !isEarlier(own.stamp, stamp)) return encodeIfAny(await this.#judge(claimed, proof));
    const granted = await own.settled;
    const held = this.#options.ids.holderOf(claimed);
    // The client that has just got the id needs no ping.
    const isNew = held !== undefined && granted !== undefined && isSameStamp(held.stamp, granted);
    if (isNew && !held.isOwn(proof)) return encodeVerdict({ type: "taken" });
    return encodeIfAny(await this.#judge(claimed, proof));
  }

  /** Undefined if no client of this node holds the id. */
  async #judge(claimed: RoomId, proof: Uint8Array): Promise<Verdict | undefined> {
    const { clock, ids, limits } = this.#options;
    for (let dead: Stamp | undefined; ; ) {
      const held = ids.holderOf(claimed);
      if (held === undefined) return undefined;
      const { connection, details = "", stamp } = held;
      if ((dead !== undefined && isSameStamp(stamp, dead)) || held.isOwn(proof))
        return { type: "permitted", stamp, details };
      if (await isAlive(connection, clock, limits.livenessProbeMs)) return { type: "taken" };
      dead = stamp;
    }
  }

  /** Decides which of several clients keeps the id, if that of this node is the earliest. */
  async #settle(claimed: RoomId): Promise<void> {
    const key = keyOf(claimed);
    if (this.#settling.has(key)) {
      this.#settling.set(key, "changed");
      return;
    }
    do {
      this.#settling.set(key, "current");
      await this.#settleOnce(claimed);
    } while (this.#settling.get(key) === "changed");
    this.#settling.delete(key);
  }

  async #settleOnce(claimed: RoomId): Promise<void> {
    const { ids, port } = this.#options;
    const held = ids.holderOf(claimed);
    const others = ids.holdersElsewhere(claimed);
    if (held === undefined || others.length === 0) return;
    if (others.some(({ stamp }) => isEarlier(stamp, held.stamp))) return;
    const same = others.find(({ proof }) => held.isOwn(proof));
    const verdict = await this.#judge(claimed, same?.proof ?? noProof);
    const holder = ids.holderOf(claimed);
    if (holder === undefined || !isSameStamp(holder.stamp, held.stamp)) return;
    const present = ids.holdersElsewhere(claimed);
    const decided = others.filter(({ stamp }) => present.some((other) => isSameStamp(other.stamp, stamp)));
    if (verdict?.type === "taken") {
      for (const { node, stamp } of decided) port.send(node, claimed.room, encodeRefusal({ id: claimed.id, stamp }));
    } else if (decided.length > 0) {
      ids.replaced(claimed);
    }
  }
}

function keyOf({ room, id }: RoomId): string {
  return `${room}\0${id}`;
}

function encodeIfAny(verdict: Verdict | undefined): Uint8Array | undefined {
  return verdict && encodeVerdict(verdict);
}
