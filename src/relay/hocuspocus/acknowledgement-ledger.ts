import type { Access } from "../../auth/authorizer.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** The highest number of SyncStep1 messages that a provider may leave unanswered. */
const maxUnanswered = 100;

export interface AcknowledgementLedgerOptions {
  readonly access: Access;
  /** Whether the provider resets its count when it starts a sync (version 3 and later). */
  readonly resetsOnSync: boolean;
}

/** The changes that a provider counts as unacknowledged, since it last reset its count. */
export interface Count {
  pending: number;
}

/**
 * The pending acknowledgements of a provider in a room.
 *
 * A provider counts its unacknowledged changes: 1 at each start of a sync, 1 per update after that. Its SyncStep2 that
 * answers the server's half of such a sync is therefore acknowledged. A SyncStep2 that the server has asked for on its
 * own account is not: its acknowledgement would hide a change that is still unacknowledged.
 *
 * From version 3 on, the start of a sync resets the provider's count. The ledger does the same, or an acknowledgement
 * of an older change would tell the user that everything is stored.
 */
export class AcknowledgementLedger {
  access: Access;
  readonly #resetsOnSync: boolean;
  /** The unanswered SyncStep1 messages of the server, in order: how many acknowledgements the answer to each gets. */
  readonly #unanswered: number[] = [];
  #count: Count = { pending: 0 };
  /** The changes that were refused: the client had read access, or the document had no space for them. */
  #refused = 0;

  constructor({ access, resetsOnSync }: AcknowledgementLedgerOptions) {
    this.access = access;
    this.#resetsOnSync = resetsOnSync;
  }

  /** Records a SyncStep1 of the server; its answer gets `acknowledgements` acknowledgements. */
  syncStep1Sent(acknowledgements: number): void {
    this.#unanswered.push(acknowledgements);
  }

  /**
   * As `syncStep1Sent`, for a SyncStep1 that the server sends on its own account. False if it must not be sent: the
   * provider answers none.
   */
  startResync(): boolean {
    if (this.#unanswered.length >= maxUnanswered) return false;
    this.syncStep1Sent(0);
    return true;
  }

  /**
   * Records that the provider starts a sync. Throws `SessionError` malformed-frame if it has left too many SyncStep1
   * unanswered.
   */
  syncStep1Received(): void {
    if (this.#unanswered.length >= maxUnanswered) {
      throw new SessionError(closeReasons.malformedFrame, `${maxUnanswered} SyncStep1 messages are unanswered`);
    }
    if (this.#resetsOnSync) {
      this.#unanswered.fill(0);
      this.#count = { pending: 0 };
      this.#refused = 0;
    }
    this.syncStep1Sent(1);
  }

  /**
   * Records the answer to a SyncStep1. Returns how many acknowledgements it gets: it contains every change that was
   * refused before it came, whether that was before or after the server asked.
   */
  syncStep2Received(): number {
    const acknowledgements = (this.#unanswered.shift() ?? 0) + this.#refused;
    this.#refused = 0;
    return acknowledgements;
  }

  /** The count to which changes belong that are submitted now. */
  get count(): Count {
    return this.#count;
  }

  /** Records `changes` submitted changes. Returns the count to which they belong, for `acknowledged`. */
  submitted(changes: number): Count {
    this.#count.pending += changes;
    return this.#count;
  }

  /** Records that `changes` of `count` are stored. Returns how many acknowledgements the provider gets for them. */
  acknowledged(changes: number, count: Count): number {
    count.pending -= changes;
    return count === this.#count ? changes : 0;
  }

  /**
   * Records that the member leaves: no change is taken or acknowledged after this. Returns how many acknowledgements are
   * pending.
   */
  left(): number {
    const asked = this.#unanswered.reduce((sum, acknowledgements) => sum + acknowledgements, 0);
    const counted = this.#count.pending + asked + this.#refused;
    this.access = "read";
    this.#count = { pending: 0 };
    return counted;
  }

  /** Records that `changes` submitted changes were refused. The provider still has them. */
  refused(changes: number): void {
    this.#count.pending -= changes;
    this.#refused += changes;
  }
}
