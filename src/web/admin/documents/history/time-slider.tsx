import { useEffect, useRef, useState } from "preact/hooks";
import type { Activity } from "../../../../client/history.ts";
import { formatAgo, formatCount, formatTime } from "../../parts/formats.ts";
import { activityAt, barsOf, type Span } from "./activity-bars.ts";

/** The time without a movement after which the moment is chosen. */
const settledMs = 250;
/** The steps of the arrow keys from one end to the other. */
const steps = 360;
const height = 48;

export interface TimeSliderProps {
  readonly span: Span;
  readonly activities: readonly Activity[];
  /** The times of versions. */
  readonly marks: readonly number[];
  /** Epoch milliseconds; undefined: now. */
  readonly at: number | undefined;
  readonly choose: (at: number) => void;
}

/** Chooses a time within a span, along the activity of the document. */
export function TimeSlider({ activities, at, choose, marks, span }: TimeSliderProps) {
  const [moved, setMoved] = useState<number>();
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a chosen moment ends the movement
  useEffect(() => setMoved(undefined), [at]);
  const shown = moved ?? at ?? span.to;
  const step = Math.max(1_000, Math.round((span.to - span.from) / steps / 1_000) * 1_000);
  const move = (value: number) => {
    setMoved(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => choose(value), settledMs);
  };
  return (
    <div class="time-slider">
      <Activities activities={activities} marks={marks} span={span} />
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={textOf(shown, { activities, now: span.to })}
        min={span.from}
        max={span.to}
        step={step}
        value={shown}
        onInput={({ currentTarget }) => move(currentTarget.valueAsNumber)}
      />
      <div class="time-ends hint" aria-hidden="true">
        <span>{formatTime(span.from)}</span>
        {moved !== undefined && <strong>{formatTime(moved)}</strong>}
        <span>now</span>
      </div>
    </div>
  );
}

function Activities({ activities, marks, span }: Pick<TimeSliderProps, "activities" | "marks" | "span">) {
  const middle = height / 2;
  return (
    <svg viewBox={`0 0 1000 ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="time-axis" d={`M0 ${middle} H1000`} />
      {barsOf(activities, span).map(({ deleted, inserted, start, width }) => (
        <g key={start}>
          <rect
            class="bar-inserted"
            x={start * 1_000}
            width={width * 1_000}
            y={middle - inserted * middle}
            height={inserted * middle}
          />
          <rect class="bar-deleted" x={start * 1_000} width={width * 1_000} y={middle} height={deleted * middle} />
        </g>
      ))}
      {marks
        .filter((time) => time >= span.from && time <= span.to)
        .map((time) => {
          const x = ((time - span.from) / (span.to - span.from)) * 1_000;
          return <path key={time} class="time-mark" d={`M${x} 0 V${height}`} />;
        })}
    </svg>
  );
}

interface Surroundings extends Pick<TimeSliderProps, "activities"> {
  readonly now: number;
}

function textOf(at: number, { activities, now }: Surroundings): string {
  const activity = activityAt(activities, at);
  const time = `${formatTime(at)}, ${formatAgo(at, now)}`;
  if (activity === undefined) return time;
  const { deleted, inserted } = activity;
  return `${time}: ${formatCount(inserted)} inserted, ${formatCount(deleted)} deleted`;
}
