import { useId } from "preact/hooks";
import type { Access } from "../../../../client/tokens.ts";
import { examplesOf, isPattern } from "./room-pattern.ts";
import { useDocumentNames } from "./use-document-names.ts";

export interface RoomRowValue {
  readonly id: number;
  readonly pattern: string;
  readonly access: Access;
}

export interface RoomRowProps {
  readonly row: RoomRowValue;
  readonly change: (row: RoomRowValue) => void;
  /** Undefined for the only row. */
  readonly remove: (() => void) | undefined;
}

/** One room or pattern of a token with its access. It says which rooms a pattern opens. */
export function RoomRow({ change, remove, row }: RoomRowProps) {
  const id = useId();
  const names = useDocumentNames(row.pattern);
  return (
    <div class="room-row">
      <input
        value={row.pattern}
        required
        maxLength={1_024}
        placeholder="notes/7"
        autocomplete="off"
        list={`${id}-names`}
        autocapitalize="off"
        spellcheck={false}
        aria-label="Name or pattern"
        aria-describedby={`${id}-hint`}
        onInput={({ currentTarget }) => change({ ...row, pattern: currentTarget.value })}
      />
      <select
        value={row.access}
        aria-label="Access"
        onChange={({ currentTarget }) => change({ ...row, access: currentTarget.value === "write" ? "write" : "read" })}
      >
        <option value="read">Read only</option>
        <option value="write">Read and write</option>
      </select>
      {remove !== undefined && (
        <button type="button" class="quiet remove" aria-label={`Remove ${row.pattern || "this room"}`} onClick={remove}>
          ✕
        </button>
      )}
      <datalist id={`${id}-names`}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p class="hint" id={`${id}-hint`}>
        {isPattern(row.pattern) ? <Examples pattern={row.pattern} /> : "A name, or a pattern: notes/* or notes/**."}
      </p>
    </div>
  );
}

function Examples({ pattern }: { readonly pattern: string }) {
  const { matched, unmatched } = examplesOf(pattern);
  if (unmatched === undefined) return <strong>Every document and room of this server.</strong>;
  return (
    <>
      Opens{" "}
      {matched.map((room, index) => (
        <span key={room}>
          {index > 0 && ", "}
          <code>{room}</code>
        </span>
      ))}{" "}
      and so on, but not <code>{unmatched}</code>.
    </>
  );
}
