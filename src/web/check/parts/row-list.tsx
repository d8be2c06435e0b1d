import type { Row, RowState } from "../diagnosis/rows.ts";
import { StateIcon } from "./state-icon.tsx";
import { Words } from "./words.tsx";

const names: Readonly<Record<RowState, string>> = {
  ok: "Passed",
  warning: "Warning",
  failed: "Failed",
  skipped: "Skipped",
  waiting: "Waiting",
  running: "Testing…",
};

export interface RowListProps {
  readonly title: string;
  readonly rows: readonly Row[];
}

export function RowList({ title, rows }: RowListProps) {
  const id = `${title.toLowerCase().replaceAll(" ", "-")}`;
  return (
    <section class="panel" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul class="rows">
        {rows.map((row) => (
          <RowItem key={row.id} row={row} />
        ))}
      </ul>
    </section>
  );
}

function RowItem({ row }: { readonly row: Row }) {
  const { id, state, title, subject, finding } = row;
  return (
    <li class="row" data-step={id} data-state={state}>
      <StateIcon state={state} />
      <div class="row-head">
        <h3>{title}</h3>
        {subject !== undefined && <code>{subject}</code>}
        <span class={finding === undefined || state === "skipped" ? "row-state" : "unseen"}>{names[state]}</span>
        {finding?.figures !== undefined && <span class="figures">{finding.figures}</span>}
      </div>
      {finding !== undefined && (
        <div class="row-body">
          <p>
            <Words text={finding.text} />
          </p>
          {finding.remedy !== undefined && (
            <p class="remedy">
              <Words text={finding.remedy} />
            </p>
          )}
        </div>
      )}
    </li>
  );
}
