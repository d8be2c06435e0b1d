import type { LogLevel } from "../../../../client/server/administration.ts";
import { lastValue } from "../../data/loaded.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { announce } from "../../parts/announcer.tsx";

const levels: readonly LogLevel[] = ["trace", "debug", "info", "warn", "error"];

/** Shows the level of the server's log, and sets another one. */
export function LogLevelField() {
  const { client } = useSession();
  const { refresh, state } = useRead({
    key: "log-level",
    everyMs: 10_000,
    read: (signal) => client.server.logLevel({ signal }),
  });
  const level = lastValue(state);
  const set = (next: LogLevel) =>
    client.server
      .setLogLevel(next)
      .then(
        () => announce(`The log has ${next} and above now, until the next restart or reload.`),
        (error: unknown) => announce(sentenceOf(error), "away"),
      )
      .then(refresh);
  const shown = level === undefined || levels.includes(level) ? levels : [...levels, level];
  return (
    <label>
      Log level
      <select
        value={level ?? ""}
        disabled={level === undefined}
        onChange={({ currentTarget }) => {
          const next = shown.find((each) => each === currentTarget.value);
          if (next !== undefined) void set(next);
        }}
      >
        {shown.map((each) => (
          <option key={each} value={each}>
            {each}
          </option>
        ))}
      </select>
    </label>
  );
}
