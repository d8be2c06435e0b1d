import type { Clock } from "../lib/time/clock.ts";
import type { LimitedLog } from "../ops/limited-log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Document } from "./document/document.ts";
import { type Finding, SizeLimit, type SizeLimitOptions } from "./document/size-limit.ts";
import { type NewUpdate, RefusedMembers } from "./refused-members.ts";
import type { Submission, SyncMember } from "./sync-member.ts";
import type { UpdateContents } from "./update/update-contents.ts";

export interface DocumentSpaceOptions extends SizeLimitOptions {
  readonly document: Document;
  /** Sends a member SyncStep1. Returns false if it must not be sent. */
  readonly ask: (member: SyncMember) => boolean;
  readonly clock: Clock;
  readonly limitedLog: LimitedLog;
  readonly metrics: Metrics;
}

/** An update of a member that may write. */
export interface Arrival extends Pick<Submission, "answersSyncStep1"> {
  readonly member: SyncMember;
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

  /** As `SizeLimit.decide`. An update that depends on a refused one is too large as well. */
  check(arrival: Arrival, verdict: NewUpdate): "fits" | "too-large" | Promise<Finding> {
    const { member, finding, answersSyncStep1 = false } = arrival;
    if (!answersSyncStep1 && this.#refused?.holdsBack(member, verdict) === true) return "too-large";
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

  #refuse({ member, finding, answersSyncStep1 = false }: Arrival, { update, contents }: NewUpdate): void {
    const { document, waiting, limits, limitedLog, metrics } = this.#options;
    const documentBytes = document.state.bytes + waiting.bytes;
    // An update with much deleted content needs less space than it has bytes.
    const triedBytes = finding?.kind === "tried" ? finding.size.bytes - documentBytes : Number.POSITIVE_INFINITY;
    // A document that holds too many structs may have space for their bytes.
    const exceeded = this.#sizeLimit.exceededCount(contents);
    const bytes = exceeded === undefined ? Math.min(update.byteLength, triedBytes) : Number.POSITIVE_INFINITY;
    metrics.refusedUpdates.inc({ reason: "document-too-large" });
    this.#refused ??= this.#openRefused();
    if (!this.#refused.has(member)) {
      const reason = "document-too-large";
      const detail =
        exceeded === undefined
          ? `limits.document-bytes: ${bytes} bytes beside ${documentBytes} of ${limits.documentBytes}`
          : `${exceeded.option}: ${exceeded.count} of ${exceeded.limit} with an update`;
      limitedLog.info({ event: "update-refused", reason, detail });
    }
    if (answersSyncStep1) this.#refused.replace(member, { contents, bytes });
    else this.#refused.add(member, { contents, bytes });
  }

  #openRefused(): RefusedMembers {
    const { document, ask, clock } = this.#options;
    return new RefusedMembers({ state: document.state, ask, clock, makeSpace: () => this.#makeSpace() });
  }

  async #makeSpace(): Promise<number> {
    const { document, waiting, limits } = this.#options;
    await waiting.settled();
    await document.compact();
    return limits.documentBytes - document.state.bytes - waiting.bytes;
  }
}
