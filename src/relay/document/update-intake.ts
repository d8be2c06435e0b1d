import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Turns } from "../../transport/work.ts";
import type { RelayLimits } from "../limits.ts";
import { bytesPerStep, rangesPerStep, type Steps } from "../update/large/steps.ts";
import type { DecodedUpdate } from "../update/trim-update.ts";
import {
  ContentsReader,
  countsOf,
  decodeContents,
  type Malformed,
  type Oversized,
  type UpdateContents,
} from "../update/update-contents.ts";
import type { Classification } from "./comparison/classification.ts";
import type { DocumentState } from "./document-state.ts";
import { runInTurns } from "./run-in-turns.ts";
import { isLarge } from "./waiting-updates.ts";

/** The bounds on what one update of a client may contain. */
export type UpdateLimits = Pick<RelayLimits, "updateStructs" | "updateClients" | "updateDeletedRanges">;

/** The option of each bound. */
const limitNames = {
  structs: { limit: "updateStructs", option: "limits.update-structs" },
  clients: { limit: "updateClients", option: "limits.update-clients" },
  deletedRanges: { limit: "updateDeletedRanges", option: "limits.update-deleted-ranges" },
} as const;

/** The account of the work for an update: the connection of the client that has sent it. */
export interface WorkAccount extends Pick<Connection, "spend"> {
  readonly turns: Pick<Turns, "wait">;
}

/**
 * Decodes an update of a client: a small one at once, a large one in the client's turns. What it reads is counted as
 * work of the client.
 *
 * Throws, or rejects with, `SessionError` for a malformed update and for one beyond the bounds.
 */
export function readReceived<Taken>(
  update: Uint8Array,
  account: WorkAccount,
  limits: UpdateLimits,
  take: (contents: UpdateContents) => Taken,
): Taken | Promise<Awaited<Taken>> {
  // A small update has no more structs than the smallest bound that can be set.
  if (update.byteLength <= bytesPerStep) {
    const contents = accepted(decodeContents(update), limits);
    const { structs, deletedRanges } = countsOf(contents);
    account.spend("structs", structs + deletedRanges);
    return take(contents);
  }
  return runInTurns(readInSteps(update, account, limits), account.turns, (read) => take(accepted(read, limits)));
}

/** Compares an update of a client with the document: a small one at once, a large one in the client's turns. */
export function classifyReceived<Taken>(
  state: Pick<DocumentState, "classify" | "classifyInSteps">,
  received: DecodedUpdate,
  account: WorkAccount,
  take: (verdict: Classification) => Taken,
): Taken | Promise<Awaited<Taken>> {
  if (!isLarge(received.contents)) {
    const { structs, deletes } = received.contents;
    account.spend("ranges", structs.rangeCount + deletes.rangeCount);
    return take(state.classify(received));
  }
  return runInTurns(spending(state.classifyInSteps(received), account), account.turns, take);
}

/** Counts each step as work of a client. */
function* spending<Result>(steps: Steps<Result>, account: WorkAccount): Steps<Result> {
  while (true) {
    account.spend("ranges", rangesPerStep);
    const { done, value } = steps.next();
    if (done === true) return value;
    yield;
  }
}

function* readInSteps(
  update: Uint8Array,
  account: WorkAccount,
  limits: UpdateLimits,
): Steps<UpdateContents | Malformed | Oversized> {
  const reader = new ContentsReader(update, {
    structs: limits.updateStructs,
    clients: limits.updateClients,
    deletedRanges: limits.updateDeletedRanges,
  });
  let countBefore = 0;
  while (true) {
    const read = reader.step(bytesPerStep);
    account.spend("structs", reader.readCount - countBefore);
    if (read !== undefined) return read;
    countBefore = reader.readCount;
    yield;
  }
}

function accepted(read: UpdateContents | Malformed | Oversized, limits: UpdateLimits): UpdateContents {
  switch (read.kind) {
    case "contents":
      return read;
    case "malformed":
      throw new SessionError(closeReasons.malformedFrame, read.detail);
    case "oversized": {
      const { limit, option } = limitNames[read.bound];
      throw new SessionError(closeReasons.frameTooLarge, `${option}: ${read.count} of ${limits[limit]} in one update`);
    }
  }
}
