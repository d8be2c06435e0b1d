import type * as Y from "yjs";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import { yWebsocket } from "../../../src/relay/y-websocket/protocol.ts";
import { RoomClient } from "../clients/room-client.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { openMemoryStore } from "../fakes/memory-store.ts";
import { type RoomPartsOptions, roomParts } from "./room-parts.ts";

export type RoomClientsOptions = Pick<RoomPartsOptions, "limits" | "compactor" | "keepsDeleted">;

/** A sync room in memory, and y-websocket clients in it. Time passes only when the test says so. */
export function roomClients(options: RoomClientsOptions) {
  const store = openMemoryStore();
  const parts = roomParts(options, store);
  const { clock, metrics, compactor, turnAndSync } = parts;
  const protocol = yWebsocket({ ...parts, authorizer: openAuthorizer });
  const clients: RoomClient[] = [];
  /** Lets server and clients talk until neither has anything to say. */
  const talk = async () => {
    do {
      for (const client of clients) client.receive();
      await turnAndSync();
    } while (clients.some(({ hasFrames }) => hasFrames));
  };
  const connect = async (id: string, doc?: Y.Doc) => {
    const client = await RoomClient.connect(protocol, new FakeConnection(id), doc);
    clients.push(client);
    await talk();
    return client;
  };
  /** Lets time pass, and the clients talk meanwhile. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1_000);
      await talk();
    }
  };
  /** The text that a client without content is sent. */
  const served = async () => {
    const fresh = await connect("fresh");
    const text = fresh.text.toString();
    fresh.disconnect();
    return text;
  };
  const logBytes = async () => {
    const { base, tail = [] } = (await store.load("document")) ?? {};
    return tail.reduce((sum, { update }) => sum + update.byteLength, base?.update.byteLength ?? 0);
  };
  const refusals = async () => (await metrics.refusedUpdates.get()).values[0]?.value ?? 0;
  return { clock, store, connect, talk, pass, served, logBytes, refusals, compactions: compactor.compactions };
}
