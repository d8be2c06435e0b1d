/** A line of the log, for administrators. */
export interface LoggedLine {
  /** RFC 3339, in UTC. */
  readonly time: string;
  readonly level: string;
  readonly event: string;
  readonly remedy: string | undefined;
  /** The other fields of the line; none of a long line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export type LineWatcher = (line: string) => void;

const mostProblems = 100;
const mostRefusals = 200;
/** The fields of a longer line are left out: all lines together take at most 2.5 MB. */
const maxLength = 4_096;

const isOfProblem = /^\{"level":"(?:warn|error|fatal)"/;
/** A client was refused or disconnected. */
const refusalEvents = [
  ...["access-denied", "upgrade-refused", "session-refused", "connection-closed"],
  ...["host-refused", "origin-refused", "path-refused", "handshake-refused"],
] as const;
const isOfRefusal = new RegExp(`^\\{"level":"[a-z]+","time":"[^"]+","event":"(?:${refusalEvents.join("|")})"`);

/**
 * The lines of the log that administrators ask for: each when it is written, and the last ones, 100 with the level `warn`
 * and above, and 200 about clients that were refused. It has what the log is told: nothing below its level, and refusals
 * at the rate of `LimitedLog`.
 */
export class RecentLog {
  readonly #problems: LoggedLine[] = [];
  readonly #refusals: LoggedLine[] = [];
  readonly #watchers = new Set<LineWatcher>();

  /** Takes a line of the log, which is JSON with the level, the time and the event first. */
  take(line: string): void {
    for (const watcher of this.#watchers) watcher(line);
    if (isOfRefusal.test(line)) push(this.#refusals, line, mostRefusals);
    else if (isOfProblem.test(line)) push(this.#problems, line, mostProblems);
  }

  /**
   * Has `watcher` called with every line, before the logging call returns, until the returned function is called. It must
   * not log, nor throw.
   */
  watch(watcher: LineWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Warnings and errors but for refusals, the latest first. */
  get problems(): readonly LoggedLine[] {
    return this.#problems.toReversed();
  }

  /** The latest first. */
  get refusals(): readonly LoggedLine[] {
    return this.#refusals.toReversed();
  }
}

function push(lines: LoggedLine[], line: string, limit: number): void {
  lines.push(parseLine(line));
  if (lines.length > limit) lines.shift();
}

/** The parts of a line of the log. */
export function parseLine(line: string): LoggedLine {
  const { event, level, remedy, time, ...fields } = JSON.parse(line);
  return {
    time,
    level,
    event: String(event),
    remedy: remedy === undefined ? undefined : String(remedy).slice(0, maxLength),
    fields: line.length > maxLength ? {} : fields,
  };
}
