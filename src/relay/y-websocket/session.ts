import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import type { Frame } from "../../transport/connection.ts";
import type { ProtocolSession } from "../../transport/protocol.ts";
import type { Submission, SyncEncoding, SyncMember } from "../sync-member.ts";
import type { SyncRoom } from "../sync-room.ts";
import { decodeMessage, encodeMessage } from "./codec.ts";

/** Shared by all members: y-websocket's frames name no document. */
export const yWebsocketEncoding: SyncEncoding = {
  syncStep1: (stateVector) => encodeMessage({ type: "sync-step-1", stateVector }),
  syncStep2: (update) => encodeMessage({ type: "sync-step-2", update }),
  update: (update) => encodeMessage({ type: "update", update }),
  awareness: (body) => encodeMessage({ type: "awareness", body }),
};

/** No update without structs and deletes is longer, and none with any is as short. */
const emptyUpdateBytes = 2;

/** One client in one document. */
export class YWebsocketSession implements ProtocolSession {
  readonly #room: SyncRoom;
  readonly #member: SyncMember;
  readonly #left: () => void;

  /** `left` is called when the session holds the room no more. */
  constructor(room: SyncRoom, member: SyncMember, left: () => void) {
    this.#room = room;
    this.#member = member;
    this.#left = left;
    room.join(member);
    room.ask(member);
  }

  receive(frame: Frame): void | Promise<void> {
    const message = decodeMessage(frame);
    switch (message.type) {
      case "sync-step-1":
        return this.#room.sync(this.#member, message.stateVector);
      case "sync-step-2":
        return this.#answered(this.#room.submit(this.#member, answer(message.update)));
      case "update":
        return this.#updated(
          this.#room.submit(this.#member, { update: message.update, frame, acknowledgement: () => frame }),
        );
      case "awareness":
        this.#room.announce(this.#member, message.body);
        break;
      case "query-awareness":
        this.#room.queryAwareness(this.#member);
        break;
    }
  }

  /** A client that may only read answers our SyncStep1 all the same: what it brings is ignored. */
  #answered(isTaken: boolean | Promise<boolean>): void | Promise<void> {
    if (isTaken instanceof Promise) return isTaken.then(() => {});
  }

  #updated(isTaken: boolean | Promise<boolean>): void | Promise<void> {
    if (isTaken instanceof Promise) return isTaken.then((settled) => this.#updated(settled));
    if (!isTaken) throw new SessionError(closeReasons.forbidden, "this document may only be read");
  }

  closed(): void {
    this.#room.leave(this.#member);
    this.#left();
  }
}

/** Clients know no other acknowledgement than their own update coming back, and need none for nothing. */
function answer(update: Uint8Array): Submission {
  if (update.byteLength <= emptyUpdateBytes) return { update };
  return { update, acknowledgement: () => encodeMessage({ type: "update", update }) };
}
