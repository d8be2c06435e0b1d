import type { Clock } from "../lib/time/clock.ts";
import type { LimitedLog } from "../ops/limited-log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Document } from "./document/document.ts";
import { type Finding, SizeLimit, type SizeLimitCollaborators, type SizeLimitOptions } from "./document/size-limit.ts";
import { type NewUpdate, RefusedMembers } from "./refused-members.ts";
import type { RoomEvents } from "./room-events.ts";
import type { Submission } from "./submission.ts";
import type { SyncMember } from "./sync-member.ts";
import type { UpdateContents } from "./update/update-contents.ts";

/** The room of a document, as far as its space is concerned. */
export interface SpaceRoom {
  /** Sends a member SyncStep1. Returns false if it must not be sent. */
  askAgain(member: SyncMember): boolean;
}

/** The collaborators that all documents share. */
export interface DocumentSpaceCollaborators extends SizeLimitCollaborators {
  readonly clock: Clock;
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
  readonly events: Pick<RoomEvents, "happened">;
}

export interface DocumentSpaceOptions extends SizeLimitOptions {
  readonly shared: DocumentSpaceCollaborators;
  readonly document: Document;
  readonly room: SpaceRoom;
}

/** A submission whose origin may write. */
export interface Arrival extends Pick<Submission, "sender" | "answersSyncStep1"> {
  /** The fact that an earlier call of `check` has found out. */
  readonly finding: Finding | undefined;
}

/** The space of a room's document: which updates it has space for, and which members hold updates that it had none for. */
export class DocumentSpace {
  readonly #options: DocumentSpaceOptions;
  readonly #sizeLimit: SizeLimit;
  /** Undefined until the first refusal: most documents never need it. */
  #refused: RefusedMembers | undefined;

  constructor(options: DocumentSpaceOptions) {
    this.#options = options;
    this.#sizeLimit = new SizeLimit(options);
  }

  /** Whether any update of so many bytes fits, whatever it contains. */
  isFree(bytes: number): boolean {
    return (this.#refused === undefined || this.#refused.isEmpty) && this.#sizeLimit.isWithin(bytes);
  }

  /** As `SizeLimit.decide`. An update that depends on a refused one is too large as well. */
  check(arrival: Arrival, verdict: NewUpdate): "fits" | "too-large" | Promise<Finding> {
    const { sender, finding, answersSyncStep1 = false } = arrival;
    const isHeldBack = sender !== undefined && !answersSyncStep1 && this.#refused?.holdsBack(sender, verdict) === true;
    if (isHeldBack) return "too-large";
    const decision = this.#sizeLimit.decide(verdict, finding);
    if (decision === "too-large") this.#refuse(arrival, verdict);
    return decision;
  }

  /** Records that the answer of a member to a SyncStep1 was taken: nothing that it holds is missing. */
  answered(member: SyncMember): void {
    this.#refused?.delete(member);
  }

  left(member: SyncMember): void {
    this.#refused?.delete(member);
  }

  /** Records that an update with these contents was committed. */
  stored(contents: UpdateContents): void {
    this.#refused?.stored(contents);
  }

  #refuse({ sender, finding, answersSyncStep1 = false }: Arrival, { update, contents }: NewUpdate): void {
    const { document, shared, waiting } = this.#options;
    const { limits, limitedLog, metrics } = shared;
    const documentBytes = document.state.bytes + waiting.bytes;
    // An update with much deleted content needs less space than it has bytes.
    const triedBytes = finding?.kind === "tried" ? finding.size.bytes - documentBytes : Number.POSITIVE_INFINITY;
    // A document that holds too many structs may have space for their bytes.
    const exceeded = this.#sizeLimit.exceededCount(contents);
    const bytes = exceeded === undefined ? Math.min(update.byteLength, triedBytes) : Number.POSITIVE_INFINITY;
    metrics.refusedUpdates.inc({ reason: "document-too-large" });
    if (sender === undefined || this.#refused?.has(sender) !== true) {
      const reason = "document-too-large";
      const detail =
        exceeded === undefined
          ? `limits.document-bytes: ${bytes} bytes beside ${documentBytes} of ${limits.documentBytes}`
          : `${exceeded.option}: ${exceeded.count} of ${exceeded.limit} with an update`;
      metrics.bounds.detailed(detail);
      limitedLog.info({ event: "update-refused", reason, detail });
      shared.events.happened({ type: "quota.exceeded", document: document.name });
    }
    // Another origin learns the outcome and can try again.
    if (sender === undefined) return;
    this.#refused ??= this.#openRefused();
    if (answersSyncStep1) this.#refused.replace(sender, { contents, bytes });
    else this.#refused.add(sender, { contents, bytes });
  }

  #openRefused(): RefusedMembers {
    const { document, room, shared } = this.#options;
    const { clock } = shared;
    const ask = (member: SyncMember) => room.askAgain(member);
    return new RefusedMembers({ state: document.state, ask, clock, makeSpace: () => this.#makeSpace() });
  }

  async #makeSpace(): Promise<number> {
    const { document, shared, waiting } = this.#options;
    const { limits } = shared;
    await waiting.settled();
    await document.compact();
    return limits.documentBytes - document.state.bytes - waiting.bytes;
  }
}
