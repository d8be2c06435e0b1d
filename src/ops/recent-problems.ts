/** A line of the log about a problem. */
export interface LoggedProblem {
  /** RFC 3339, in UTC. */
  readonly time: string;
  readonly level: "warn" | "error" | "fatal";
  readonly event: string;
  readonly remedy: string | undefined;
  /** The other fields of the line; none of a long line. */
  readonly fields: Readonly<Record<string, unknown>>;
}

const mostLines = 100;
/** The fields of a longer line are left out: 100 lines take at most 0.8 MB. */
const maxLength = 4_096;

const isOfProblem = /^\{"level":"(?:warn|error|fatal)"/;

/** The last 100 lines of the log with the level `warn` and above, for administrators. */
export class RecentProblems {
  readonly #problems: LoggedProblem[] = [];

  /** Takes a line of the log, which is JSON with the level first. */
  take(line: string): void {
    if (!isOfProblem.test(line)) return;
    this.#problems.push(problemOf(line));
    if (this.#problems.length > mostLines) this.#problems.shift();
  }

  /** The latest first. */
  list(): readonly LoggedProblem[] {
    return this.#problems.toReversed();
  }
}

function problemOf(line: string): LoggedProblem {
  const { event, level, remedy, time, ...fields } = JSON.parse(line);
  return {
    time,
    level,
    event: String(event),
    remedy: remedy === undefined ? undefined : String(remedy).slice(0, maxLength),
    fields: line.length > maxLength ? {} : fields,
  };
}
