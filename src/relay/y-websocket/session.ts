import type { Access, Denial, Grant, GrantWatcher } from "../../auth/authorizer.ts";
import { closeReasonOf } from "../../rooms/denial.ts";
import type { Lease } from "../../rooms/room-registry.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
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

/** What it says is logged by the client, as "permission denied". */
const mayOnlyRead = encodeMessage({
  type: "permission-denied",
  reason: "this document may only be read: what is changed here stays here",
});

/** One client in one document. */
export class YWebsocketSession implements ProtocolSession, SyncMember, GrantWatcher {
  readonly connection: Connection;
  readonly encoding = yWebsocketEncoding;
  readonly #lease: Lease<SyncRoom>;
  readonly #grant: Grant;
  #isTold = false;
  #isOver = false;

  /** The lease and the grant are the session's from now on. */
  constructor(connection: Connection, lease: Lease<SyncRoom>, grant: Grant) {
    this.connection = connection;
    this.#lease = lease;
    this.#grant = grant;
    // The grant may have ended while the room was opened: then the client learns nothing of it.
    grant.watch(this);
    if (this.#isOver) return;
    this.#room.join(this);
    this.#room.ask(this);
  }

  /** What is under way when the grant ends finds out here. */
  get access(): Access {
    return this.#isOver ? "read" : this.#grant.access;
  }

  get #room(): SyncRoom {
    return this.#lease.room;
  }

  receive(frame: Frame): void | Promise<void> {
    const message = decodeMessage(frame);
    switch (message.type) {
      case "sync-step-1":
        return this.#room.sync(this, message.stateVector);
      case "sync-step-2":
        return this.#submitted(this.#room.submit(this, answer(message.update)));
      case "update":
        return this.#submitted(
          this.#room.submit(this, { update: message.update, frame, acknowledgement: () => frame }),
        );
      case "awareness":
        this.#room.updateAwareness(this, message.body);
        break;
      case "query-awareness":
        this.#room.queryAwareness(this);
        break;
    }
  }

  closed(): void {
    this.#grant.release();
    this.#room.leave(this);
    this.#lease.release();
  }

  changed(): void {
    this.#room.accessChanged(this);
    this.#isTold = false;
    // What was refused before is welcome now.
    if (this.access === "write") this.#room.ask(this);
  }

  ended(denial: Denial): void {
    this.#isOver = true;
    this.connection.refuse(closeReasonOf(denial), denial.reason);
  }

  /** A client that may only read is told so, once: without its echo it knows that nothing was taken. */
  #submitted(isTaken: boolean | Promise<boolean>): void | Promise<void> {
    if (isTaken instanceof Promise) return isTaken.then((settled) => this.#submitted(settled));
    if (isTaken || this.#isTold) return;
    this.#isTold = true;
    this.connection.send(mayOnlyRead);
  }
}

/** Clients know no other acknowledgement than their own update coming back, and need none for nothing. */
function answer(update: Uint8Array): Submission {
  if (update.byteLength <= emptyUpdateBytes) return { update };
  return { update, acknowledgement: () => encodeMessage({ type: "update", update }) };
}
