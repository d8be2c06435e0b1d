import type { Refusals } from "../../../../client/server/administration.ts";
import { useRead } from "../../data/use-read.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { Empty } from "../../parts/empty.tsx";
import { formatCount } from "../../parts/formats.ts";
import { LoadedPart } from "../../parts/loaded-part.tsx";
import { Table } from "../../parts/table.tsx";
import type { AccessPlaceProps } from "../access-place.ts";
import { reasonWords } from "../reasons/reason-words.ts";
import { refusalColumns } from "./refusal-columns.tsx";
import { groupsOf, reasonOf, repeatedIn, withoutEchoes } from "./refusal-groups.ts";

const everyMs = 3_000;

/** The clients that were refused or disconnected lately, by reason. */
export function RefusalsPlace({ place }: AccessPlaceProps) {
  const { server } = useSession().client;
  const { refresh, state } = useRead({ key: "refusals", everyMs, read: (signal) => server.refusals({ signal }) });
  return (
    <LoadedPart of={state} retry={refresh}>
      {(refusals) => <RefusalList refusals={refusals} chosen={place.query["reason"]} />}
    </LoadedPart>
  );
}

interface RefusalListProps {
  readonly refusals: Refusals;
  /** The reason that is shown alone; undefined for all. */
  readonly chosen: string | undefined;
}

function RefusalList({ chosen, refusals }: RefusalListProps) {
  const listed = withoutEchoes(refusals.items);
  const groups = groupsOf({ ...refusals, items: listed });
  const items = listed.filter((refusal) => chosen === undefined || reasonOf(refusal) === chosen);
  if (groups.length === 0 && items.length === 0) {
    return (
      <section class="panel">
        <Empty title="No client was refused">
          <p>
            Clients that are refused or disconnected appear here, with the reason and the remedy. The list updates by
            itself.
          </p>
        </Empty>
      </section>
    );
  }
  return (
    <>
      <nav class="reasons" aria-label="Reasons">
        <Filter reason={undefined} chosen={chosen} label="All" />
        {groups.map(({ count, reason }) => (
          <Filter key={reason} reason={reason} chosen={chosen} label={reasonWords(reason).title} count={count} />
        ))}
      </nav>
      <section class="panel">
        {items.length === 0 ? (
          <Empty title="None of the last 200">
            <p>
              Refusals for this reason were counted since the start of the server, but the list does not go back to
              them.
            </p>
          </Empty>
        ) : (
          <Table caption="Recent refusals" columns={refusalColumns} rows={repeatedIn(items)} keyOf={({ key }) => key} />
        )}
      </section>
      <p class="hint">
        The last 200 refusals of the log, without rooms and tokens; your questions about tokens are among them. The
        numbers count from the start of the server.
      </p>
    </>
  );
}

interface FilterProps {
  readonly reason: string | undefined;
  readonly chosen: string | undefined;
  readonly label: string;
  readonly count?: number;
}

function Filter({ chosen, count, label, reason }: FilterProps) {
  return (
    <a href={linkTo("access", ["refusals"], { reason })} aria-current={reason === chosen ? "true" : undefined}>
      {label}
      {count !== undefined && <span class="reason-count">{formatCount(count)}</span>}
    </a>
  );
}
