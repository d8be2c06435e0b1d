import { useState } from "preact/hooks";
import { CopyButton } from "../../../shared/copy-button.tsx";
import { goTo, linkTo, type ViewProps } from "../../frame/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatCounted } from "../../parts/formats.ts";
import { LogLevelField } from "./log-level-field.tsx";
import { filterEntries, linesText } from "./log-lines.ts";
import { LogList } from "./log-list.tsx";
import { type FollowedLog, useLog } from "./use-log.ts";

/** The log as it is written, from the moment at which the place is opened. */
export function LogSection({ place }: ViewProps) {
  const log = useLog();
  const [paused, setPaused] = useState<Pick<FollowedLog, "entries" | "count">>();
  const text = place.query["q"] ?? "";
  const { entries } = paused ?? log;
  const clear = () => {
    log.clear();
    setPaused(paused && { entries: [], count: log.count });
  };
  const shown = filterEntries(entries, text);
  const missed = paused === undefined ? 0 : log.count - paused.count;
  return (
    <section class="panel stack" aria-labelledby="log-title">
      <header>
        <h2 id="log-title">Log</h2>
        <div class="actions">
          <button type="button" onClick={() => setPaused(paused === undefined ? log : undefined)}>
            {paused === undefined ? "Pause" : "Continue"}
          </button>
          <button type="button" onClick={clear}>
            Clear
          </button>
          <CopyButton label="Copy" text={linesText(shown)} />
        </div>
      </header>
      <p class="hint">
        The lines that the server writes from now on, at most 500. The log has no tokens, secrets, room names or
        content.
      </p>
      <div class="filter-row">
        <LogLevelField />
        <label>
          Filter
          <input
            type="search"
            value={text}
            placeholder="session-refused"
            spellcheck={false}
            onInput={({ currentTarget }) =>
              goTo(linkTo("settings", ["log"], { q: currentTarget.value }), { replace: true })
            }
          />
        </label>
      </div>
      {log.stream.kind === "failed" && (
        <div class="alert" data-tone="away" role="alert">
          <p>{log.stream.why}</p>
          <p>
            <button type="button" onClick={log.retry}>
              Try again
            </button>
          </p>
        </div>
      )}
      {log.stream.kind === "open" && log.isSilent && (
        <div class="alert" role="status">
          <p>
            The log is not live: the server does not answer, or too many pages follow it. The page keeps trying. Lines
            that are written in the meantime are missing.
          </p>
        </div>
      )}
      {missed > 0 && <p class="hint">Paused. {formatCounted(missed, "new line")}.</p>}
      {shown.length === 0 ? <NoLines isFiltered={entries.length > 0} /> : <LogList entries={shown} />}
    </section>
  );
}

function NoLines({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No line matches" />;
  return (
    <Empty title="Waiting for lines">
      <p>
        A server without problems writes few lines. The latest warnings and errors are in the{" "}
        <a href={linkTo("overview")}>overview</a>.
      </p>
    </Empty>
  );
}
