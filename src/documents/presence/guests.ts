import { Slots } from "../../api/bounds/slots.ts";
import { Problem } from "../../api/problems.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { BoundName } from "../../ops/metrics/bounds.ts";
import type { WorkAccount } from "../../relay/awareness/awareness.ts";
import { encodeAwareness } from "../../relay/awareness/awareness-codec.ts";
import type { AwarenessBound } from "../../relay/awareness/drop-counts.ts";
import type { PresenceGuest } from "../../relay/awareness/presence-guest.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import type { Lease } from "../../rooms/room-registry.ts";
import type { Documents } from "../documents.ts";
import type { DocumentApiLimits } from "../limits.ts";

export interface GuestsOptions {
  readonly documents: Pick<Documents, "open">;
  readonly clock: Clock;
  readonly limits: Pick<DocumentApiLimits, "apiGuests" | "apiGuestsPerCaller">;
}

/** A state that a client shows. */
export interface ShownState {
  readonly document: string;
  /** The id of the client's guest, as its event stream told it; undefined for a client without a stream. */
  readonly stream: string | undefined;
  /** Undefined for a client without an id: it gets one. */
  readonly clientId: number | undefined;
  /** Undefined for a client that does not count: its state follows the one that is known. */
  readonly clock: number | undefined;
  /** As JSON text; undefined for none, which removes the client. */
  readonly state: string | undefined;
  /** The caller, among whose clients the id is sought. */
  readonly source: string;
  /** The key by which bounds count the caller, as `countedCaller`. */
  readonly counted: string | undefined;
}

export interface Shown {
  readonly clientId: number;
  readonly clock: number;
  /** When the state ends unless it is shown again, in epoch milliseconds; undefined while an event stream keeps it. */
  readonly endsAt: number | undefined;
}

/** A state that no event stream keeps ends when it is not shown again for so long, as in y-protocols. */
const expiryMs = 30_000;

/** The rate of requests bounds the work, so guests need no turns. */
const account: WorkAccount = {
  spend: () => {},
  turns: { isOver: false, delayed: () => {}, wait: (task) => task() },
};

/** The clients that show their presence over HTTP: by their event streams, or for a time. */
export class Guests {
  readonly #options: GuestsOptions;
  readonly #slots: Slots;
  /** The guests of event streams by their ids, and the others by caller, document and client id. */
  readonly #guests = new Map<string, Guest>();
  #isClosed = false;

  constructor(options: GuestsOptions) {
    const { limits } = options;
    this.#options = options;
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
    const guest = new Guest(lease, receive, () => this.#guests.delete(id));
    this.#guests.set(id, guest);
    return { id, leave: () => guest.leave() };
  }

  /**
   * Shows the state of a client, to which the rules of `Awareness` apply. Rejects with `Problem` for an unknown stream, and
   * beyond a bound; with `DocumentDeleted`.
   */
  async show(order: ShownState): Promise<Shown> {
    if (order.stream !== undefined) return this.#ofStream(order.stream, order.document).show(order);
    const clientId = order.clientId ?? randomClientId();
    const key = `${order.source}\n${clientId}\n${order.document}`;
    const guest = this.#guests.get(key) ?? (await this.#open(key, order));
    const { clock } = this.#options;
    const shown = showOrLeave(guest, { ...order, clientId });
    if (order.state === undefined) {
      guest.leave();
      return shown;
    }
    guest.expireWith(clock.after(expiryMs, () => guest.leave()));
    return { ...shown, endsAt: clock.now() + expiryMs };
  }

  /** Removes all guests. None can come afterwards. */
  close(): void {
    this.#isClosed = true;
    for (const guest of [...this.#guests.values()]) guest.leave();
  }

  #ofStream(id: string, document: string): Guest {
    const guest = this.#guests.get(id);
    if (guest?.document === document) return guest;
    throw new Problem(
      "invalid-request",
      "No event stream of this document has this id. Send the id of its `ready` event.",
      {
        errors: [{ pointer: "/stream", detail: "give the `stream` of the event `ready`" }],
      },
    );
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

  /** Throws `Problem` for a state that is dropped at a bound. */
  show({ clientId = randomClientId(), clock, state }: Pick<ShownState, "clientId" | "clock" | "state">): Shown {
    const { room } = this.#lease;
    const ownClock = clock ?? (room.awarenessClockOf(clientId) ?? 0) + 1;
    // The update has one entry, so it is applied at once.
    void room.updateGuest(this, encodeAwareness([{ clientId, clock: ownClock, state }]));
    const [met] = this.#met.splice(0);
    if (met !== undefined) throw stateRefused(met);
    return { clientId, clock: ownClock, endsAt: undefined };
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

/** As `Guest.show`. A guest that was not shown before leaves if it throws: no timer would end it. */
function showOrLeave(guest: Guest, order: ShownState): Shown {
  try {
    return guest.show(order);
  } catch (error) {
    if (!guest.isExpiring) guest.leave();
    throw error;
  }
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
