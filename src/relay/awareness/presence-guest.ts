import type { AwarenessAudience } from "./awareness-audience.ts";
import type { WorkAccount } from "./awareness-owner.ts";
import type { AwarenessBound, Drops } from "./drop-counts.ts";

/**
 * A client that takes part in the presence of a document, and is no member of its room: it has no connection, and gets no
 * updates. The rules of `Awareness` hold for it as for a member.
 */
export interface PresenceGuest {
  readonly account: WorkAccount;
  /** Takes an awareness update, as y-protocols encodes it. The bytes must not be modified: other guests share them. */
  receive(body: Uint8Array): void;
  /** A state of its own is dropped at `bound`. */
  dropped(bound: AwarenessBound, drops: Drops): void;
  /** The document was deleted, and the guest has left the room. */
  ended(): void;
}

/** The members of a room and its guests, as receivers of awareness. */
export class GuestAudience<Member extends { readonly connection: unknown }>
  implements AwarenessAudience<Member | PresenceGuest>
{
  readonly #members: AwarenessAudience<Member>;
  /** The guests; true for one that is subscribed. */
  readonly #guests = new Map<PresenceGuest, boolean>();

  constructor(members: AwarenessAudience<Member>) {
    this.#members = members;
  }

  get guests(): Iterable<PresenceGuest> {
    return this.#guests.keys();
  }

  get hasGuests(): boolean {
    return this.#guests.size > 0;
  }

  add(guest: PresenceGuest): void {
    this.#guests.set(guest, false);
  }

  /** Returns whether it was there. */
  delete(guest: PresenceGuest): boolean {
    return this.#guests.delete(guest);
  }

  publishAwareness(body: Uint8Array): void {
    this.#members.publishAwareness(body);
    for (const [guest, isSubscribed] of this.#guests) if (isSubscribed) guest.receive(body);
  }

  sendAwareness(receiver: Member | PresenceGuest, body: Uint8Array): void {
    if (!isGuest(receiver)) this.#members.sendAwareness(receiver, body);
    else if (this.#guests.has(receiver)) receiver.receive(body);
  }

  requestRenewal(receiver: Member | PresenceGuest, body: Uint8Array): void {
    if (isGuest(receiver)) this.sendAwareness(receiver, body);
    else this.#members.requestRenewal(receiver, body);
  }

  subscribeToAwareness(receiver: Member | PresenceGuest): void {
    if (!isGuest(receiver)) this.#members.subscribeToAwareness(receiver);
    else if (this.#guests.has(receiver)) this.#guests.set(receiver, true);
  }
}

/** Whether a receiver of awareness is a guest, and no member of its room. */
export function isGuest(receiver: { readonly connection: unknown } | PresenceGuest): receiver is PresenceGuest {
  return !("connection" in receiver);
}
