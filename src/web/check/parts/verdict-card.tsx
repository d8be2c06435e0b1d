import { CopyButton } from "../../shared/copy-button.tsx";
import type { Verdict } from "../diagnosis/verdict.ts";
import { StateIcon } from "./state-icon.tsx";

export interface VerdictCardProps {
  /** The time at which the run began, in epoch milliseconds. */
  readonly startedAt: number;
  /** Undefined while the test runs. */
  readonly verdict: Verdict | undefined;
  /** The text for a bug report; undefined while the test runs. */
  readonly report: string | undefined;
  /** The number of lines that are finished, and of all. */
  readonly done: number;
  readonly total: number;
}

/** The conclusion, which a screen reader announces; before that the progress, which it does not. */
export function VerdictCard({ startedAt, verdict, report, done, total }: VerdictCardProps) {
  return (
    <section class="panel verdict" aria-label="Verdict" data-tone={verdict?.tone ?? "running"} data-run={startedAt}>
      <StateIcon state={verdict?.tone ?? "running"} />
      <div role="status">
        {verdict === undefined ? (
          <p class="verdict-title">Testing…</p>
        ) : (
          <>
            <p class="verdict-title">{verdict.title}</p>
            <p>{verdict.text}</p>
          </>
        )}
      </div>
      {report !== undefined && <CopyButton label="Copy report" text={report} />}
      {verdict === undefined && <progress value={done} max={total} aria-label="Progress of the test" />}
    </section>
  );
}
