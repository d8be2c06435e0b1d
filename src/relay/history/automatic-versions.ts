import type { AutomaticVersion, UpdateOrigin, UpdateTime } from "../../storage/history/history-store.ts";

/** After a pause of this length the document has a version. */
const pauseMs = 10 * 60_000;
/** In a time of activity it has one this often. */
const activityMs = 30 * 60_000;

export interface VersionsInput {
  /** Updates in the order of their rows. Those of the same second and user are one change. */
  readonly updates: readonly UpdateOrigin[];
  /** The update before these; undefined if there is none. */
  readonly last: UpdateTime | undefined;
  /** The version before these updates; undefined if there is none. */
  readonly lastVersion: UpdateTime | undefined;
  /** The users of the updates since that version. */
  readonly users: readonly string[];
  /** When the updates are looked at, in epoch milliseconds: a pause may last since the last one. */
  readonly now: number;
  /** Whether the last user has left, and so the last update ends a time of activity. */
  readonly isFinal: boolean;
}

export interface VersionsOutput {
  readonly versions: readonly AutomaticVersion[];
  /** The users of the updates since the last version. */
  readonly users: readonly string[];
}

/** The versions of a document that updates end, and that came before them. */
export function automaticVersions(input: VersionsInput): VersionsOutput {
  const versions = new Versions(input);
  for (const update of input.updates) versions.take(update);
  versions.end(input);
  return { versions: versions.made, users: [...versions.users] };
}

/** The epoch second of a time in milliseconds. */
export function secondOf(at: number): number {
  return Math.floor(at / 1_000);
}

class Versions {
  readonly made: AutomaticVersion[] = [];
  users: Set<string>;
  #last: UpdateTime | undefined;
  /** The sequence of the last version; 0 if there is none. */
  #version: number;
  /** The time of the first update since the last version. */
  #startedAt: number | undefined;

  constructor({ last, lastVersion, users }: VersionsInput) {
    this.users = new Set(users);
    this.#last = last;
    this.#version = lastVersion?.sequence ?? 0;
    if (last !== undefined && last.sequence > this.#version) this.#startedAt = lastVersion?.at ?? last.at;
  }

  take({ row, at = 0, user }: UpdateOrigin): void {
    const last = this.#last;
    if (last !== undefined && at > 0 && this.#endsActivity(last, at)) this.#add(last);
    if (at > 0) this.#startedAt ??= at;
    if (user !== undefined) this.users.add(user);
    this.#last = { sequence: row, at };
  }

  end({ now, isFinal }: Pick<VersionsInput, "now" | "isFinal">): void {
    const last = this.#last;
    if (last !== undefined && (isFinal || (last.at > 0 && now - last.at >= pauseMs))) this.#add(last);
  }

  #endsActivity(last: UpdateTime, at: number): boolean {
    if (last.at === 0) return false;
    const isLong = this.#startedAt !== undefined && last.at - this.#startedAt >= activityMs;
    // A change is not cut in two.
    return at - last.at >= pauseMs || (isLong && secondOf(at) !== secondOf(last.at));
  }

  #add(last: UpdateTime): void {
    if (last.sequence <= this.#version) return;
    this.made.push({ ...last, users: [...this.users] });
    this.#version = last.sequence;
    this.#startedAt = undefined;
    this.users = new Set();
  }
}
