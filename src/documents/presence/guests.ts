import { Slots } from "../../api/bounds/slots.ts";
import { Problem } from "../../api/problems.ts";
import type { Bus } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import { encodeAwareness } from "../../relay/awareness/awareness-codec.ts";
import type { WorkAccount } from "../../relay/awareness/awareness-owner.ts";
import type { AwarenessBound } from "../../relay/awareness/drop-counts.ts";
import type { PresenceGuest } from "../../relay/awareness/presence-guest.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import type { Lease } from "../../rooms/room-registry.ts";
import type { Documents } from "../documents.ts";
import type { DocumentApiLimits } from "../limits.ts";
import { GuestNodes, type GuestsOfNode } from "./guest-nodes.ts";
import type { Showing, Shown, ShownState } from "./shown-state.ts";

export interface GuestsOptions {
  readonly documents: Pick<Documents, "open" | "awarenessClockOf">;
  /** Undefined for a server that is alone. */
  readonly bus?: Bus | undefined;
  readonly clock: Clock;
  readonly limits: Pick<DocumentApiLimits, "apiGuests" | "apiGuestsPerCaller">;
}

/** A state that no event stream keeps ends when it is not shown again for so long, as in y-protocols. */
const expiryMs = 30_000;

/** The rate of requests bounds the work, so guests need no turns. */
const account: WorkAccount = {
  spend: () => {},
  turns: { isOver: false, delayed: () => {}, wait: (task) => task() },
};

/**
 * The clients that show their presence over HTTP: by their event streams, or for a time. A client has one guest in a cluster:
 * a request that reaches another node is passed on to the one that has it.
 */
export class Guests implements GuestsOfNode {
  readonly #options: GuestsOptions;
  readonly #nodes: GuestNodes | undefined;
  readonly #slots: Slots;
  /** The guests of event streams by their ids, and the others by caller, document and client id. */
  readonly #guests = new Map<string, Guest>();
  #isClosed = false;

  constructor(options: GuestsOptions) {
    const { bus, limits } = options;
    this.#options = options;
    this.#nodes = bus && new GuestNodes(bus, this);
    this.#slots = new Slots({
      work: "clients that show their presence",
      inAll: { limit: () => limits.apiGuests, bound: "limits.api-guests" },
      perCaller: { limit: () => limits.apiGuestsPerCaller, bound: "limits.api-guests-per-caller" },
    });
  }

  get size(): number {
    return this.#guests.size;
  }

  /**
   * Lets an event stream of a document take part in its presence: `receive` is called with the awareness updates. Takes the
   * lease of the document's room over, and releases it with `leave`. Throws `DocumentDeleted`.
   */
  join(lease: Lease<SyncRoom>, receive: PresenceGuest["receive"]): { readonly id: string; leave(): void } {
    const id = crypto.randomUUID();
    const key = streamKey(id);
    const guest = new Guest(lease, receive, () => this.#guests.delete(key));
    this.#guests.set(key, guest);
    return { id, leave: () => guest.leave() };
  }

  /**
   * Shows the state of a client, to which the rules of `Awareness` apply. Rejects with `Problem` for an unknown stream, and
   * beyond a bound; with `DocumentDeleted`.
   */
  async show(order: ShownState): Promise<Shown> {
    const here = this.showHere(order);
    if (here !== undefined) return shownOr(here);
    const { stream, clientId } = order;
    const isKnown = stream !== undefined || clientId !== undefined;
    const elsewhere = isKnown ? await this.#nodes?.show(order) : undefined;
    if (elsewhere?.showing !== undefined) return shownOr(elsewhere.showing);
    if (stream !== undefined) throw unknownStream();
    const named = { ...order, clientId: clientId ?? randomClientId() };
    const guest = await this.#open(keyOf(named), named);
    return shownOr(this.#show(guest, named, elsewhere?.clock));
  }

  showHere(order: ShownState): Showing | undefined {
    const guest = this.#guests.get(order.stream === undefined ? keyOf(order) : streamKey(order.stream));
    return guest === undefined || guest.document !== order.document ? undefined : this.#show(guest, order);
  }

  clockOf(document: string, clientId: number): number | undefined {
    return this.#options.documents.awarenessClockOf(document, clientId);
  }

  /** Removes all guests. None can come afterwards. */
  close(): void {
    this.#isClosed = true;
    for (const guest of [...this.#guests.values()]) guest.leave();
  }

  /** Shows a state by a guest. One without a stream ends with its state, or with the time. */
  #show(guest: Guest, order: ShownState, knownClock = 0): Showing {
    const shown = guest.show(order, knownClock);
    if (order.stream !== undefined) return shown;
    if ("refusedAt" in shown) {
      // No timer would end a guest that was not shown before.
      if (!guest.isExpiring) guest.leave();
      return shown;
    }
    if (order.state === undefined) {
      guest.leave();
      return shown;
    }
    const { clock } = this.#options;
    guest.expireWith(clock.after(expiryMs, () => guest.leave()));
    return { ...shown, endsAt: clock.now() + expiryMs };
  }

  async #open(key: string, { counted, document }: ShownState): Promise<Guest> {
    const give = this.#slots.take(counted);
    try {
      const lease = await this.#options.documents.open(document);
      // Another request of the same client may have been faster.
      const known = this.#guests.get(key);
      if (known !== undefined || this.#isClosed) {
        lease.release();
        give();
        if (known !== undefined) return known;
        throw new Problem("stopping", "The server stops. Try again later.", { headers: { "retry-after": "5" } });
      }
      const guest = new Guest(
        lease,
        () => {},
        () => {
          this.#guests.delete(key);
          give();
        },
      );
      this.#guests.set(key, guest);
      return guest;
    } catch (error) {
      give();
      throw error;
    }
  }
}

/** One client in the presence of a document. */
class Guest implements PresenceGuest {
  readonly account = account;
  readonly receive: PresenceGuest["receive"];
  readonly #lease: Lease<SyncRoom>;
  readonly #left: () => void;
  #hasLeft = false;
  #cancelExpiry: (() => void) | undefined;
  /** The bounds at which the state under way was dropped. */
  readonly #met: AwarenessBound[] = [];

  /** Joins the room. Throws `DocumentDeleted`. */
  constructor(lease: Lease<SyncRoom>, receive: PresenceGuest["receive"], left: () => void) {
    this.#lease = lease;
    this.receive = receive;
    this.#left = left;
    try {
      lease.room.addGuest(this);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  get document(): string {
    return this.#lease.room.name;
  }

  dropped(bound: AwarenessBound): void {
    this.#met.push(bound);
  }

  ended(): void {
    this.leave();
  }

  /** Whether it has been shown, and ends with a timer. */
  get isExpiring(): boolean {
    return this.#cancelExpiry !== undefined;
  }

  /** `knownClock`: the clock that other nodes know. */
  show({ clientId = randomClientId(), clock, state }: ShownState, knownClock: number): Showing {
    const { room } = this.#lease;
    const ownClock = clock ?? Math.max(room.awarenessClockOf(clientId) ?? 0, knownClock) + 1;
    // The update has one entry, so it is applied at once.
    void room.updateGuest(this, encodeAwareness([{ clientId, clock: ownClock, state }]));
    const [met] = this.#met.splice(0);
    return met === undefined ? { clientId, clock: ownClock, endsAt: undefined } : { refusedAt: met };
  }

  /** Ends the guest unless it is shown again. `cancel` cancels the timer for that. */
  expireWith(cancel: () => void): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = cancel;
    if (this.#hasLeft) cancel();
  }

  /** Idempotent. */
  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#cancelExpiry?.();
    this.#lease.room.removeGuest(this);
    this.#lease.release();
    this.#left();
  }
}

/** The key of a guest without a stream. */
function keyOf({ source, clientId, document }: ShownState): string {
  return `caller\n${source}\n${clientId}\n${document}`;
}

function streamKey(id: string): string {
  return `stream\n${id}`;
}

/** Throws `Problem` for a state that is dropped at a bound. */
function shownOr(showing: Showing): Shown {
  if ("refusedAt" in showing) throw stateRefused(showing.refusedAt);
  return showing;
}

function unknownStream(): Problem {
  return new Problem(
    "invalid-request",
    "No event stream of this document has this id. Send the id of its `ready` event.",
    {
      errors: [{ pointer: "/stream", detail: "give the `stream` of the event `ready`" }],
    },
  );
}

function stateRefused(met: AwarenessBound): Problem {
  const isOfState = met === "limits.awareness-state-length" || met === "limits.awareness-frame-bytes";
  if (isOfState) return new Problem("body-too-large", `The state is larger than ${met} allows.`, { bound: met });
  const retry = { headers: { "retry-after": "5" } };
  const isOption = isBound(met);
  return new Problem("overloaded", `This document has too many awareness states (${met}).`, {
    ...retry,
    ...(isOption && { bound: met }),
  });
}

/** Whether it is the option of a bound; the highest clock is none. */
function isBound(met: AwarenessBound): met is AwarenessBound & BoundName {
  return met !== "awareness-clock";
}

/** A client id as Yjs makes it. */
function randomClientId(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}
