import type { ServerProblem } from "../../../../client/server/facts.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { Empty } from "../../parts/empty.tsx";
import { formatCount, formatTime } from "../../parts/formats.ts";
import { groupProblems, isError, type ProblemGroup, wordsOfEvent } from "./problem-groups.ts";

export interface ProblemListProps {
  /** The latest first. */
  readonly problems: readonly ServerProblem[];
  /** The event whose lines are shown at the beginning. */
  readonly event: string | undefined;
}

/** The latest warnings and errors of the log by event, each with its remedy. */
export function ProblemList({ event, problems }: ProblemListProps) {
  if (problems.length === 0) {
    return (
      <Empty title="No warnings or errors">
        <p>The last 100 warnings and errors of the log appear here, each with its remedy.</p>
      </Empty>
    );
  }
  return (
    <ul class="problems">
      {groupProblems(problems).map((group) => (
        <ProblemItem key={group.event} group={group} isChosen={group.event === event} />
      ))}
    </ul>
  );
}

/** More lines of one event say nothing new. */
const mostLines = 10;

function ProblemItem({ group, isChosen }: { readonly group: ProblemGroup; readonly isChosen: boolean }) {
  const { event, problems } = group;
  const [latest] = problems;
  const { remedy, time } = latest;
  const lines = problems.slice(0, mostLines);
  return (
    <li class="problem">
      <div class="problem-head">
        <span class="badge" data-tone={isError(latest) ? "away" : "busy"}>
          {isError(latest) ? "Error" : "Warning"}
        </span>
        <strong>{wordsOfEvent(event)}</strong>
        {problems.length > 1 && <span class="hint">{formatCount(problems.length)} times</span>}
        <span class="hint">
          <Ago time={time} />
        </span>
      </div>
      {remedy !== null && <p>{remedy}</p>}
      <details key={String(isChosen)} open={isChosen}>
        <summary>{lines.length === 1 ? "Log line" : "Log lines"}</summary>
        <ul class="problem-lines">
          {lines.map((line) => (
            <ProblemLine key={keyOf(line)} line={line} />
          ))}
        </ul>
        <p class="hint">
          Event <code>{event}</code>. <a href={linkTo("settings", ["log"], { q: event })}>Follow it in the log</a>
        </p>
      </details>
    </li>
  );
}

function ProblemLine({ line: { fields, time } }: { readonly line: ServerProblem }) {
  return (
    <li>
      <time dateTime={time}>{formatTime(time)}</time>
      <dl>
        {Object.entries(fields).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <bdi>{typeof value === "string" ? value : JSON.stringify(value, null, 1)}</bdi>
            </dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

function keyOf({ fields, time }: ServerProblem): string {
  return `${time} ${JSON.stringify(fields)}`;
}
