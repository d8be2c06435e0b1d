import { formatAgo, formatTime } from "../../parts/formats.ts";
import type { ShownMoment } from "./moments.ts";

export interface NamedMoment {
  readonly moment: ShownMoment;
  /** The time of the moment, in epoch milliseconds; undefined if it is not known. */
  readonly at: number | undefined;
  /** The server's time. */
  readonly now: number;
}

/** A moment in words. */
export function momentText({ at, moment, now }: NamedMoment): string {
  if (at !== undefined) return `${formatTime(at)} (${formatAgo(at, now)})`;
  if (moment.kind === "version") return `version ${moment.id}`;
  return moment.kind === "sequence" ? `sequence ${moment.sequence}` : formatTime(moment.at);
}
