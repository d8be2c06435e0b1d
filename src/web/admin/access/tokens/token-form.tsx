import { useRef, useState } from "preact/hooks";
import type { Access } from "../../../../client/tokens.ts";
import { sentenceOf } from "../../data/sentence-of.ts";
import { useSession } from "../../entry/session.ts";
import { Problem } from "../../parts/problem.tsx";
import { ChoiceField } from "../choice-field.tsx";
import { TextField } from "../text-field.tsx";
import { defaultTtl, lifetimes } from "./lifetimes.ts";
import type { OrderedToken } from "./ordered-token.ts";
import { isPattern } from "./room-pattern.ts";
import { RoomRow, type RoomRowValue } from "./room-row.tsx";

export interface TokenFormProps {
  /** The parameters of the address: `room`, `access` and `user` fill the form. */
  readonly query: Readonly<Record<string, string>>;
  readonly created: (token: OrderedToken) => void;
}

/** Asks for the rooms, the user and the lifetime of a token, and creates it. */
export function TokenForm({ created, query }: TokenFormProps) {
  const { access } = useSession().client.server;
  const count = useRef(1);
  const [rows, setRows] = useState<readonly RoomRowValue[]>(() => [firstRow(query)]);
  const [user, setUser] = useState(query["user"] ?? "");
  const [ttl, setTtl] = useState(defaultTtl);
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const change = (changed: RoomRowValue) => setRows(rows.map((row) => (row.id === changed.id ? changed : row)));
  const add = () => {
    setRows([...rows, { id: count.current, pattern: "", access: rows.at(-1)?.access ?? "read" }]);
    count.current += 1;
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const rooms = roomsOf(rows);
      created({ ...(await access.createToken({ rooms, user: user.trim() || undefined, ttl })), rooms });
    } catch (error) {
      setProblem(sentenceOf(error));
    }
    setBusy(false);
  };
  return (
    <form class="panel stack" aria-labelledby="token-title" onSubmit={submit}>
      <h2 id="token-title">Create a token</h2>
      <fieldset class="room-rows">
        <legend>Documents and rooms</legend>
        {rows.map((row) => (
          <RoomRow
            key={row.id}
            row={row}
            change={change}
            remove={rows.length === 1 ? undefined : () => setRows(rows.filter(({ id }) => id !== row.id))}
          />
        ))}
        <button type="button" class="quiet add-room" onClick={add}>
          + Another room
        </button>
        {rows.some(({ pattern }) => isPattern(pattern)) && (
          <p class="hint warning">
            A <code>*</code> opens all rooms that match. Never put a name that users can choose into a pattern, unless
            you reject names that contain <code>*</code>.
          </p>
        )}
      </fieldset>
      <TextField
        label="User id"
        value={user}
        set={setUser}
        maxLength={1_024}
        hint="Optional. Stored with changes, and used to revoke."
      />
      <ChoiceField label="Valid for" value={ttl} choices={lifetimes} set={setTtl} />
      {problem !== undefined && <Problem why={problem} />}
      <div class="actions">
        <button type="submit" class="button primary" disabled={isBusy}>
          Create token
        </button>
      </div>
    </form>
  );
}

function firstRow({ access, room = "" }: Readonly<Record<string, string>>): RoomRowValue {
  return { id: 0, pattern: room, access: access === "write" ? "write" : "read" };
}

/** The highest access of each pattern, as the server takes the rooms. */
function roomsOf(rows: readonly RoomRowValue[]): Readonly<Record<string, Access>> {
  const sorted = rows.toSorted((left, right) => left.access.localeCompare(right.access));
  return Object.fromEntries(sorted.map(({ access, pattern }) => [pattern, access]));
}
