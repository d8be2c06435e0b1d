import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { IdSet } from "./id-set.ts";
import { bytesPerStep, type Steps } from "./large/steps.ts";
import { StepwiseIdSetReader } from "./large/stepwise-reader.ts";
import { readEnd, readUint } from "./strict-decoding.ts";
import { writeIdSet } from "./trim-update.ts";
import { type ContentCounts, countsOf, type UpdateContents } from "./update-contents.ts";
import { readIdSet } from "./update-reader.ts";

/**
 * The facts about a base that opening its document needs. They are stored beside the base, because reading them from
 * the base itself blocks the event loop for 14 ms per megabyte of keystrokes.
 */
export interface BaseSummary {
  /** The clocks of the base's structs. */
  readonly structs: IdSet;
  /** The length of the base's structs in bytes; its deletes follow them. */
  readonly structBytes: number;
  readonly counts: ContentCounts;
}

const version = 2;
/** Without the counts. */
const firstVersion = 1;
const noCounts: ContentCounts = { structs: 0, deletedRanges: 0 };

export function encodeSummary(
  contents: Pick<UpdateContents, "structs" | "structBytes" | "counts">,
): Uint8Array<ArrayBuffer> {
  const counts = countsOf(contents);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, version);
    encoding.writeVarUint(encoder, contents.structBytes);
    encoding.writeVarUint(encoder, counts.structs);
    encoding.writeVarUint(encoder, counts.deletedRanges);
    writeIdSet(encoder, contents.structs);
  });
}

/** Undefined for a summary that another release has written, except the one before: there the counts are 0. */
export function decodeSummary(summary: Uint8Array): BaseSummary | undefined {
  const steps = decodeSummaryInSteps(summary);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

/** As `decodeSummary`, in steps. */
export function* decodeSummaryInSteps(summary: Uint8Array): Steps<BaseSummary | undefined> {
  try {
    const decoder = decoding.createDecoder(summary);
    const found = readUint(decoder);
    if (found !== version && found !== firstVersion) return undefined;
    const structBytes = readUint(decoder);
    const counts = found === firstVersion ? noCounts : readCounts(decoder);
    const structs = yield* readIdSetInSteps(decoder);
    return { structs, structBytes, counts };
  } catch {
    return undefined;
  }
}

/** The counts of a base with this summary, which this release has written. */
export function countsInSummary(summary: Uint8Array): ContentCounts {
  const decoder = decoding.createDecoder(summary);
  readUint(decoder);
  readUint(decoder);
  return readCounts(decoder);
}

function readCounts(decoder: decoding.Decoder): ContentCounts {
  return { structs: readUint(decoder), deletedRanges: readUint(decoder) };
}

/** The deletes of a base with this summary. Throws for bytes that Yjs does not write. */
export function readBaseDeletes(base: Uint8Array, { structBytes }: BaseSummary): IdSet {
  const deletes = new IdSet();
  const decoder = decoding.createDecoder(base.subarray(structBytes));
  readIdSet(decoder, (client, start, end) => deletes.add(client, start, end));
  readEnd(decoder);
  return deletes;
}

/** As `readBaseDeletes`, in steps. */
export function* readBaseDeletesInSteps(base: Uint8Array, { structBytes }: BaseSummary): Steps<IdSet> {
  return yield* readIdSetInSteps(decoding.createDecoder(base.subarray(structBytes)));
}

function* readIdSetInSteps(decoder: decoding.Decoder): Steps<IdSet> {
  const clocks = new IdSet();
  const reader = new StepwiseIdSetReader(decoder, (client, start, end) => clocks.add(client, start, end));
  while (!reader.read(decoder.pos + bytesPerStep)) yield;
  readEnd(decoder);
  return clocks;
}
