import type { Refusal } from "../../../../client/server/administration.ts";
import { linkTo } from "../../frame/address.ts";
import { Ago } from "../../parts/ago.tsx";
import { formatCount } from "../../parts/formats.ts";
import { protocolName } from "../../parts/protocol-name.ts";
import { ShownName } from "../../parts/shown-name.tsx";
import type { Column } from "../../parts/table.tsx";
import { reasonWords } from "../reasons/reason-words.ts";
import { detailOf, kindOf, type RepeatedRefusal, reasonOf } from "./refusal-groups.ts";

/** The columns of the list of refusals. */
export const refusalColumns: readonly Column<RepeatedRefusal>[] = [
  { label: "Reason", cell: ({ latest }) => <Reason refusal={latest} /> },
  {
    label: "Client",
    cell: ({ latest: { address, protocol } }) => (
      <span class="refusal unbroken">
        <bdi>{address ?? "–"}</bdi>
        {protocol !== null && <span class="hint">{protocolName(protocol)}</span>}
      </span>
    ),
  },
  {
    label: "When",
    cell: ({ count, latest: { time } }) => (
      <span class="refusal unbroken">
        <Ago time={time} />
        {count > 1 && <span class="hint">{formatCount(count)} times</span>}
      </span>
    ),
  },
  {
    label: "Actions",
    isLabelHidden: true,
    isNumber: true,
    cell: ({ latest }) => (
      <a class="explain" href={linkTo("access", ["why"], questionOf(latest))}>
        Find out why
      </a>
    ),
  },
];

function Reason({ refusal }: { readonly refusal: Refusal }) {
  const words = reasonWords(reasonOf(refusal));
  const remedy = refusal.remedy ?? words.remedy;
  const detail = detailOf(refusal);
  return (
    <span class="refusal">
      <span>
        {words.title}
        {detail !== undefined && (
          <>
            :{" "}
            <span class="refusal-detail">
              <ShownName name={detail} />
            </span>
          </>
        )}
      </span>
      {remedy !== "" && <span class="hint">{remedy}</span>}
    </span>
  );
}

/** The question about a refusal, as far as the log has it. */
function questionOf(refusal: Refusal): Readonly<Record<string, string | undefined>> {
  const { address, detail, event, protocol, time } = refusal;
  return {
    reason: reasonOf(refusal),
    time,
    address: address ?? undefined,
    kind: kindOf(protocol),
    origin: event === "origin-refused" ? (detail ?? undefined) : undefined,
    detail: detailOf(refusal),
  };
}
