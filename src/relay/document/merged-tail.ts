import { mergeUpdates } from "../update/merge-updates.ts";
import { logStart, type UpdateLog } from "./update-log.ts";

/** Merging so many bytes of keystrokes takes about 4 ms. */
export const tailPartBytes = 32 * 1024;

interface Part {
  readonly update: Uint8Array;
  /** The offset of the update in the log, if it is a view of it. */
  readonly offset: number | undefined;
}

/**
 * The updates of a log, merged into parts of bounded size. A part is merged once; only the last one is merged anew after
 * each update.
 */
export class MergedTail {
  readonly #log: UpdateLog;
  #parts: Part[] = [];
  /** The end of `#parts` in the log. */
  #place = logStart;
  /** The updates behind `#parts`; undefined until they are merged. */
  #last: Part | undefined;
  /** `UpdateLog.moves` when the parts were last viewed. */
  #moves = 0;

  constructor(log: UpdateLog) {
    this.#log = log;
  }

  /** The bytes that it takes beside the log. */
  get byteLength(): number {
    let bytes = 0;
    for (const part of [...this.#parts, this.#last])
      if (part?.offset === undefined) bytes += part?.update.byteLength ?? 0;
    return bytes;
  }

  /** The bytes that `parts` merges. */
  get bytesToMerge(): number {
    return this.#last === undefined ? this.#log.byteLength - this.#place.bytes : 0;
  }

  get first(): Uint8Array | undefined {
    return (this.#parts[0] ?? this.#last)?.update;
  }

  /** Whether `parts` takes a bounded time. */
  get isPrepared(): boolean {
    return this.#log.byteLength - this.#place.bytes <= tailPartBytes || this.#place.count >= this.#log.count - 1;
  }

  /** Merges one part. */
  prepareStep(): void {
    if (!this.isPrepared) this.#parts.push(this.#merge(tailPartBytes));
  }

  /** The updates of the log in parts; none for an empty log. */
  parts(): readonly Uint8Array[] {
    while (!this.isPrepared) this.prepareStep();
    const hasMore = this.#place.count < this.#log.count;
    if (hasMore && this.#last === undefined) {
      const place = this.#place;
      this.#last = this.#merge(Number.POSITIVE_INFINITY);
      this.#place = place;
    }
    const parts = this.#last === undefined ? this.#parts : [...this.#parts, this.#last];
    return parts.map(({ update }) => update);
  }

  appended(): void {
    this.#last = undefined;
    if (this.#moves === this.#log.moves) return;
    this.#moves = this.#log.moves;
    // The log has moved to a larger buffer: views would keep the smaller one in memory.
    this.#parts = this.#parts.map((part) => {
      const { offset, update } = part;
      return offset === undefined ? part : { offset, update: this.#log.view(offset, update.byteLength) };
    });
  }

  /** The log has been changed other than by an append. */
  clear(): void {
    this.#parts = [];
    this.#place = logStart;
    this.#last = undefined;
  }

  #merge(maxBytes: number): Part {
    const { bytes: offset } = this.#place;
    const { updates, place } = this.#log.read(this.#place, maxBytes);
    this.#place = place;
    const [first] = updates;
    return updates.length === 1 && first !== undefined
      ? { update: first, offset }
      : { update: mergeUpdates(updates), offset: undefined };
  }
}
