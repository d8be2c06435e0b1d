import { useState } from "preact/hooks";
import { formatCount } from "../../parts/formats.ts";
import { type Column, Table } from "../../parts/table.tsx";
import { Name } from "../name.tsx";
import type { FlowLink } from "./message-flow.ts";

export interface MessageTableProps {
  readonly links: readonly FlowLink[];
  readonly nameOf: (id: string) => string;
}

const firstRows = 8;
const times = new Intl.DateTimeFormat("en", { timeStyle: "medium", hourCycle: "h23" });

/** The messages between members in numbers. */
export function MessageTable({ links, nameOf }: MessageTableProps) {
  const [isWhole, setWhole] = useState(false);
  const sorted = [...links].sort((one, other) => other.count - one.count);
  const rows = isWhole ? sorted : sorted.slice(0, firstRows);
  if (links.length === 0) {
    return <p class="hint mesh-none">No message has passed since you opened this page.</p>;
  }
  return (
    <div class="rows messages stack">
      <Table
        caption="Messages between members"
        columns={columnsOf(nameOf)}
        rows={rows}
        keyOf={({ from, to }) => `${from} ${to ?? ""}`}
      />
      {rows.length < links.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show all {formatCount(links.length)}
        </button>
      )}
    </div>
  );
}

function columnsOf(nameOf: MessageTableProps["nameOf"]): readonly Column<FlowLink>[] {
  return [
    { label: "From", cell: ({ from }) => <Name text={nameOf(from)} /> },
    {
      label: "To",
      cell: ({ to }) => (to === null ? <em>all others</em> : <Name text={nameOf(to)} />),
    },
    { label: "Count", isNumber: true, cell: ({ count }) => formatCount(count) },
    { label: "Last", isNumber: true, cell: ({ lastAt }) => times.format(lastAt) },
  ];
}
