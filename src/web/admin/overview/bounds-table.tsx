import type { ServerFacts } from "../../../client/server/administration.ts";
import { linkTo } from "../frame/address.ts";
import { Empty } from "../parts/empty.tsx";
import { formatCount } from "../parts/formats.ts";
import { Table } from "../parts/table.tsx";

/** The limits that clients have reached since the start. */
export function BoundsTable({ boundHits }: Pick<ServerFacts, "boundHits">) {
  if (boundHits.length === 0) {
    return (
      <Empty title="No limit was reached">
        <p>Limits that slow down or refuse clients are counted here, from the start of the server.</p>
      </Empty>
    );
  }
  return (
    <Table
      caption="Limits reached since the start"
      rows={boundHits}
      keyOf={({ bound }) => bound}
      columns={[
        { label: "Limit", cell: ({ bound }) => <a href={linkTo("settings", [], { q: bound })}>{bound}</a> },
        { label: "Times", isNumber: true, cell: ({ count }) => formatCount(count) },
      ]}
    />
  );
}
