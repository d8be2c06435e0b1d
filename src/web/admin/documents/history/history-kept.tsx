import { lastValue } from "../../data/loaded.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";

/** Says how long the server keeps histories. It says nothing if the settings cannot be read. */
export function HistoryKept() {
  const { client } = useSession();
  const { state } = useRead({ key: "history.keep", read: (signal) => client.server.configuration({ signal }) });
  const settings = lastValue(state);
  if (settings === undefined) return null;
  const textOf = (wanted: string) => {
    const value = settings.find(({ setting }) => setting === wanted)?.value;
    return value === null || value === undefined ? "" : String(value);
  };
  const [keep, keepFor] = [textOf("history.keep"), textOf("history.keep-for")];
  if (keep === "") return null;
  return (
    <p class="hint">
      {keep === "0" ? "The server keeps no history" : `The server keeps the history of documents for ${daysText(keep)}`}{" "}
      (<code>history.keep</code>)
      {keepFor !== "" && (
        <>
          , and differently for some names (<code>history.keep-for</code>: <bdi>{keepFor}</bdi>)
        </>
      )}
      .
    </p>
  );
}

function daysText(keep: string): string {
  const [, days] = /^(\d+)d$/.exec(keep) ?? [];
  return days === undefined ? keep : `${days} days`;
}
