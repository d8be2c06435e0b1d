import type { Access } from "../../auth/authorizer.ts";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** SyncStep1 that a provider leaves unanswered. */
const mostUnanswered = 100;

export interface AcknowledgementLedgerOptions {
  readonly access: Access;
  /** Whether the provider counts anew when it starts a sync. */
  readonly resetsOnSync: boolean;
}

/** Changes that a provider counts and that are not acknowledged. */
export interface Count {
  pending: number;
}

/**
 * What a provider in a room and the server owe each other.
 *
 * A provider counts its changes that nobody has acknowledged: 1 at each start of a sync, 1 per update since. So the
 * SyncStep2 with which it answers our part of a sync of its own is acknowledged, and one that we have asked for on our own
 * account is not: it would hide a change that is not acknowledged.
 *
 * From version 3 on, the start of a sync forgets what was counted before: so do we, or an acknowledgement of something
 * older would say that all is stored.
 */
export class AcknowledgementLedger {
  access: Access;
  readonly #resetsOnSync: boolean;
  /** By SyncStep1 that we have sent and that is not answered, in order: the acknowledgements that its answer is due. */
  readonly #unanswered: number[] = [];
  #count: Count = { pending: 0 };
  #refused = 0;

  constructor({ access, resetsOnSync }: AcknowledgementLedgerOptions) {
    this.access = access;
    this.#resetsOnSync = resetsOnSync;
  }

  /** We send SyncStep1. */
  syncStep1Sent(acknowledgements: number): void {
    this.#unanswered.push(acknowledgements);
  }

  /** As `expect`, for the changes that were refused while it might only read. False: it answers nothing, do not ask. */
  startResync(): boolean {
    if (this.#unanswered.length >= mostUnanswered) return false;
    this.syncStep1Sent(this.#refused);
    this.#refused = 0;
    return true;
  }

  /** The provider starts a sync. Throws `SessionError` malformed-frame when it never answers. */
  syncStep1Received(): void {
    if (this.#unanswered.length >= mostUnanswered) {
      throw new SessionError(closeReasons.malformedFrame, `${mostUnanswered} SyncStep1 are not answered`);
    }
    if (this.#resetsOnSync) {
      this.#unanswered.fill(0);
      this.#count = { pending: 0 };
      this.#refused = 0;
    }
    this.syncStep1Sent(1);
  }

  /** A SyncStep2 has come: the acknowledgements that it is due. */
  syncStep2Received(): number {
    return this.#unanswered.shift() ?? 0;
  }

  /** So many changes are taken: the count to which they belong. */
  submitted(changes: number): Count {
    this.#count.pending += changes;
    return this.#count;
  }

  /** Changes of that count are stored: how many of them the provider waits for. */
  acknowledged(changes: number, count: Count): number {
    count.pending -= changes;
    return count === this.#count ? changes : 0;
  }

  /** Nothing is taken or acknowledged any more. Returns how many changes the provider still counts. */
  left(): number {
    const asked = this.#unanswered.reduce((sum, acknowledgements) => sum + acknowledgements, 0);
    const counted = this.#count.pending + asked + this.#refused;
    this.access = "read";
    this.#count = { pending: 0 };
    return counted;
  }

  /** As it may only read. */
  refused(changes: number): void {
    this.#count.pending -= changes;
    this.#refused += changes;
  }
}
