import { useState } from "preact/hooks";
import type { Room, RoomMember } from "../../../../client/server/facts.ts";
import { Ago } from "../../parts/ago.tsx";
import { Empty } from "../../parts/empty.tsx";
import { formatCount } from "../../parts/formats.ts";
import { protocolName } from "../../parts/protocol-name.ts";
import { type Column, Table } from "../../parts/table.tsx";
import { useFocusAfter } from "../../parts/use-focus-after.ts";
import { Name } from "../name.tsx";
import { DisconnectDialog } from "./disconnect-dialog.tsx";
import { findMembers, keyedMembers, memberName } from "./member-name.ts";

export interface MembersPanelProps {
  readonly room: Room;
  /** Called when a member has been disconnected. */
  readonly changed: () => void;
}

type Row = RoomMember & { readonly key: string };

/** More rows than these are shown on request only. */
const firstRows = 100;
/** A field to find members appears from this number on. */
const manyMembers = 15;

/** The members of a room, which can be disconnected. */
export function MembersPanel({ changed, room }: MembersPanelProps) {
  const [sought, setSought] = useState("");
  const [isWhole, setWhole] = useState(false);
  const [leaving, setLeaving] = useState<RoomMember>();
  const { due, target: title } = useFocusAfter<HTMLHeadingElement>(leaving !== undefined);
  const found = keyedMembers(findMembers(room.memberList, sought));
  const rows = isWhole ? found : found.slice(0, firstRows);
  const close = (isDisconnected: boolean) => {
    setLeaving(undefined);
    if (!isDisconnected) return;
    changed();
    due();
  };
  return (
    <section class="panel stack" aria-labelledby="members-title">
      <header class="list-head">
        <h2 id="members-title" ref={title} tabIndex={-1}>
          Members
        </h2>
        {room.memberList.length >= manyMembers && (
          <input
            type="search"
            aria-label="Find members by user, protocol or address"
            placeholder="User, protocol or address"
            value={sought}
            onInput={({ currentTarget }) => setSought(currentTarget.value)}
          />
        )}
      </header>
      {room.members === 0 && (
        <Empty title="Nobody is in this room">
          <p>
            {room.kind === "sync"
              ? "The server keeps it open for some seconds after the last member has left."
              : "The rooms of PeerJS and Peers are always open. Others close when the last member has left."}
          </p>
        </Empty>
      )}
      {room.members > 0 && found.length === 0 && <Empty title="No member matches" />}
      {rows.length > 0 && (
        <div class="rows members">
          <Table caption="Members" columns={columnsOf(room, setLeaving)} rows={rows} keyOf={({ key }) => key} />
        </div>
      )}
      {room.members > room.memberList.length && (
        <p class="hint">
          The first {formatCount(room.memberList.length)} of {formatCount(room.members)} members.
        </p>
      )}
      {rows.length < found.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show all {formatCount(found.length)}
        </button>
      )}
      {leaving !== undefined && <DisconnectDialog room={room} member={leaving} close={close} />}
    </section>
  );
}

function columnsOf({ kind }: Room, disconnect: (member: RoomMember) => void): readonly Column<Row>[] {
  const access: Column<Row> = {
    label: "Access",
    cell: (member) => (member.access === "write" ? "Read and write" : "Read only"),
  };
  return [
    {
      label: "Member",
      cell: (member) => <Name text={memberName(member)} isMadeUp={member.user === null} />,
    },
    { label: "Protocol", cell: ({ protocol }) => <span class="badge">{protocolName(protocol)}</span> },
    ...(kind === "sync" ? [access] : []),
    { label: "Address", cell: ({ address }) => <span class="address">{address}</span> },
    {
      label: "Connected",
      cell: ({ connectedAt }) => <Ago time={connectedAt} />,
    },
    {
      label: "Actions",
      isLabelHidden: true,
      cell: (member) => (
        <button
          type="button"
          class="quiet"
          aria-label={`Disconnect ${memberName(member)}`}
          onClick={() => disconnect(member)}
        >
          Disconnect
        </button>
      ),
    },
  ];
}
