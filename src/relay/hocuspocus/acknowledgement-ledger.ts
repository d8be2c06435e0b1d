import type { Access } from "../../auth/authorizer.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** The highest number of SyncStep1 messages that a provider may leave unanswered. */
const mostUnanswered = 100;

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
 * The acknowledgements that the server owes a provider in a room.
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
  /** For each unanswered SyncStep1 of the server, in order: the acknowledgements that its answer will be owed. */
  readonly #unanswered: number[] = [];
  #count: Count = { pending: 0 };
  /** The changes that were refused while the client had read access. */
  #refused = 0;

  constructor({ access, resetsOnSync }: AcknowledgementLedgerOptions) {
    this.access = access;
    this.#resetsOnSync = resetsOnSync;
  }

  /** The server sends SyncStep1, whose answer will be owed so many acknowledgements. */
  syncStep1Sent(acknowledgements: number): void {
    this.#unanswered.push(acknowledgements);
  }

  /**
   * As `syncStep1Sent`, to get the refused changes back. False if SyncStep1 must not be sent: the provider answers
   * none.
   */
  startResync(): boolean {
    if (this.#unanswered.length >= mostUnanswered) return false;
    this.syncStep1Sent(this.#refused);
    this.#refused = 0;
    return true;
  }

  /** The provider starts a sync. Throws `SessionError` malformed-frame if it has left too many SyncStep1 unanswered. */
  syncStep1Received(): void {
    if (this.#unanswered.length >= mostUnanswered) {
      throw new SessionError(closeReasons.malformedFrame, `${mostUnanswered} SyncStep1 messages are unanswered`);
    }
    if (this.#resetsOnSync) {
      this.#unanswered.fill(0);
      this.#count = { pending: 0 };
      this.#refused = 0;
    }
    this.syncStep1Sent(1);
  }

  /** The provider answers a SyncStep1. Returns the acknowledgements that the answer is owed. */
  syncStep2Received(): number {
    return this.#unanswered.shift() ?? 0;
  }

  /** So many changes are submitted to the room. Returns the count to which they belong, for `acknowledged`. */
  submitted(changes: number): Count {
    this.#count.pending += changes;
    return this.#count;
  }

  /** Changes of that count are stored. Returns how many acknowledgements the provider still waits for among them. */
  acknowledged(changes: number, count: Count): number {
    count.pending -= changes;
    return count === this.#count ? changes : 0;
  }

  /** The member leaves: no change is taken or acknowledged after this. Returns how many the provider still counts. */
  left(): number {
    const asked = this.#unanswered.reduce((sum, acknowledgements) => sum + acknowledgements, 0);
    const counted = this.#count.pending + asked + this.#refused;
    this.access = "read";
    this.#count = { pending: 0 };
    return counted;
  }

  /** So many submitted changes were refused, because the client has read access. */
  refused(changes: number): void {
    this.#count.pending -= changes;
    this.#refused += changes;
  }
}
