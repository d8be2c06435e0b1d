import { type BaseSummary, decodeSummaryInSteps, readBaseDeletesInSteps } from "../../update/base-summary.ts";
import { bytesPerStep, type Steps } from "../../update/large/steps.ts";
import type { Compacted } from "./compacted.ts";

/** Reads what a compactor has returned. */
export function* readCompacted(
  base: Uint8Array,
  encoded: Uint8Array,
): Steps<Pick<Compacted, "deletes"> & { summary: BaseSummary }> {
  const summary = yield* decodeSummaryInSteps(encoded);
  if (summary === undefined) throw new Error("the compactor returned an invalid base summary");
  const isLarge = base.byteLength - summary.structBytes > bytesPerStep;
  return { summary, deletes: isLarge ? yield* readBaseDeletesInSteps(base, summary) : undefined };
}
