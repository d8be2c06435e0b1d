import { useEffect, useRef } from "preact/hooks";
import { formatCounted, formatTime } from "../../parts/formats.ts";
import { fieldsText, type LogEntry } from "./log-lines.ts";

const tones: Readonly<Record<string, string>> = { warn: "busy", error: "away", fatal: "away" };

const times = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

/** The reader is at the end if it is not farther away than this. */
const atEndPixels = 40;

/** The entries of the log, the latest at the end. The list stays at its end until somebody scrolls away from it. */
export function LogList({ entries }: { readonly entries: readonly LogEntry[] }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other entries move the end
  useEffect(() => {
    if (isAtEnd.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [entries]);
  const scrolled = ({ currentTarget: { clientHeight, scrollHeight, scrollTop } }: { currentTarget: HTMLElement }) => {
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < atEndPixels;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
    <section ref={box} class="log-box" aria-label="Lines of the log" tabIndex={0} onScroll={scrolled}>
      <ol class="log-lines">
        {entries.map((entry) => (
          <LogItem key={entry.id} entry={entry} />
        ))}
      </ol>
    </section>
  );
}

function LogItem({ entry }: { readonly entry: LogEntry }) {
  if (entry.kind === "omitted") {
    return <li class="log-omitted">{formatCounted(entry.count, "line")} left out: too many at once</li>;
  }
  const { event, level, remedy, time } = entry.line;
  return (
    <li class="log-line" data-tone={tones[level]}>
      <time dateTime={time} title={formatTime(time)}>
        {times.format(new Date(time))}
      </time>
      <span class="log-level">{level}</span>
      <span class="log-text">
        <strong>{event}</strong> <bdi>{fieldsText(entry.line)}</bdi>
        {remedy !== null && <span class="log-remedy">{remedy}</span>}
      </span>
    </li>
  );
}
