import type { Json } from "../../../../client/content.ts";
import { cutText } from "../text/cut-text.ts";
import type { JsonChange, JsonChanges } from "./json-changes.ts";

/** The characters of a value that are shown. */
const mostCharacters = 400;

export interface ValueChangesProps {
  readonly changes: JsonChanges;
}

/** The values of a map or an array that differ, each with its path. */
export function ValueChanges({ changes: { changes, isCut } }: ValueChangesProps) {
  return (
    <>
      <dl class="value-changes">
        {changes.map((change) => (
          <Change key={JSON.stringify([change.path, change.after === undefined])} change={change} />
        ))}
      </dl>
      {isCut && <p class="hint">More changes are left out.</p>}
    </>
  );
}

function Change({ change: { after, before, path } }: { readonly change: JsonChange }) {
  return (
    <div>
      <dt>
        <bdi>{path.length === 0 ? "the whole root" : path.join(" › ")}</bdi>
      </dt>
      <dd dir="auto">
        {before !== undefined && (
          <del>
            <span class="unseen">deleted: </span>
            {shown(before)}
          </del>
        )}
        {before !== undefined && after !== undefined && " "}
        {after !== undefined && (
          <ins>
            <span class="unseen">inserted: </span>
            {shown(after)}
          </ins>
        )}
      </dd>
    </div>
  );
}

function shown(value: Json): string {
  const { omitted, text } = cutText(JSON.stringify(value), mostCharacters);
  return omitted > 0 ? `${text}…` : text;
}
