import { useRef } from "preact/hooks";
import type { Room, RoomMember } from "../../../../client/server/facts.ts";
import { useSession } from "../../entry/session.ts";
import { linkTo } from "../../frame/address.ts";
import { announce } from "../../parts/announcer.tsx";
import { ConfirmDialog } from "../../parts/confirm-dialog.tsx";
import { ShownName } from "../../parts/shown-name.tsx";
import { memberName } from "./member-name.ts";

export interface DisconnectDialogProps {
  readonly room: Room;
  readonly member: RoomMember;
  readonly close: (isDisconnected: boolean) => void;
}

/** Asks before a member is disconnected, and says that it may return. */
export function DisconnectDialog({ close, member, room }: DisconnectDialogProps) {
  const { client } = useSession();
  const isDone = useRef(false);
  const name = memberName(member);
  const confirm = async () => {
    await client.server.disconnectMember(room.kind, room.name, member.id);
    isDone.current = true;
    announce(`${name} was disconnected.`);
  };
  return (
    <ConfirmDialog
      title="Disconnect the member"
      action="Disconnect"
      isDangerous
      confirm={confirm}
      close={() => close(isDone.current)}
    >
      <p>
        <ShownName name={name} />{" "}
        {room.kind === "sync"
          ? "leaves this document. Edits that the server has acknowledged are kept."
          : "loses the whole connection, with all rooms that use it."}
      </p>
      <p class="hint">
        The client may return at once.{" "}
        {member.user === null ? (
          <>
            To keep it out, <a href={linkTo("access", ["revoke"])}>revoke its token</a> first.
          </>
        ) : (
          <>
            To keep this user out,{" "}
            <a href={linkTo("access", ["revoke"], { user: member.user })}>revoke the user's tokens</a> first.
          </>
        )}
      </p>
    </ConfirmDialog>
  );
}
