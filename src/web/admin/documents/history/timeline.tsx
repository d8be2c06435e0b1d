import type { Activity } from "../../../../client/history.ts";
import { useSession } from "../../entry/session.ts";
import { formatCount, formatCounted } from "../../parts/formats.ts";
import { earlierChange, laterChange, type Span } from "./activity-bars.ts";
import { quickMoments, type Range, ranges } from "./moments.ts";
import { TimeSlider } from "./time-slider.tsx";

/** The activity of a document in a span of time. */
export interface ShownActivity {
  readonly span: Span;
  readonly activities: readonly Activity[];
}

export interface TimelineProps {
  readonly activity: ShownActivity;
  readonly marks: readonly number[];
  readonly range: Range;
  readonly showRange: (range: Range) => void;
  /** Epoch milliseconds; undefined: now. */
  readonly at: number | undefined;
  readonly choose: (at: number) => void;
}

/** Chooses a moment: by a button, by the slider, change by change, or by an exact time. */
export function Timeline({ activity, at, choose, marks, range, showRange }: TimelineProps) {
  const { clock } = useSession();
  const { activities, span } = activity;
  const earlier = earlierChange(activities, at ?? span.to + 1_000);
  const later = at === undefined ? undefined : laterChange(activities, at);
  return (
    <section class="panel timeline" aria-labelledby="timeline-title">
      <header>
        <h2 id="timeline-title">Go back to</h2>
        <fieldset class="choices">
          <legend class="unseen">Show the activity of the last</legend>
          {ranges.map((each) => (
            <button key={each.id} type="button" aria-pressed={each === range} onClick={() => showRange(each)}>
              {each.label}
            </button>
          ))}
        </fieldset>
      </header>
      <div class="quick-moments">
        {quickMoments.map(({ label, ms }) => (
          <button key={ms} type="button" onClick={() => choose(clock.now() - ms)}>
            {label}
          </button>
        ))}
        <label class="exact-time">
          <span class="unseen">Exact time</span>
          <input
            type="datetime-local"
            step={1}
            value={localText(at ?? span.to)}
            onChange={({ currentTarget: { value } }) => {
              const chosen = new Date(value).getTime();
              if (!Number.isNaN(chosen)) choose(chosen);
            }}
          />
        </label>
      </div>
      <TimeSlider {...{ span, activities, marks, at, choose }} />
      <div class="change-steps">
        <StepButton label="Earlier change" to={earlier} choose={choose} />
        <StepButton label="Later change" to={later} choose={choose} />
        <p class="hint">{activityText(activities, range)}</p>
      </div>
    </section>
  );
}

interface StepButtonProps {
  readonly label: string;
  readonly to: number | undefined;
  readonly choose: (at: number) => void;
}

function StepButton({ choose, label, to }: StepButtonProps) {
  return (
    <button type="button" disabled={to === undefined} onClick={() => to !== undefined && choose(to)}>
      {label}
    </button>
  );
}

function activityText(activities: readonly Activity[], { label }: Range): string {
  if (activities.length === 0) return `No change is recorded in the last ${label.replace(/^1 /, "")}.`;
  const inserted = activities.reduce((sum, each) => sum + each.inserted, 0);
  const deleted = activities.reduce((sum, each) => sum + each.deleted, 0);
  const users = new Set(activities.flatMap((each) => each.users));
  const by = users.size === 0 ? "" : `, by ${formatCounted(users.size, "user")}`;
  return `Above the line: ${formatCount(inserted)} inserted. Below: ${formatCount(deleted)} deleted${by}.`;
}

/** A time in the form of an input for local times. */
function localText(at: number): string {
  const date = new Date(at);
  const local = new Date(at - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}
