import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import type { Bus } from "../../../src/cluster/bus.ts";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { hocuspocus } from "../../../src/relay/hocuspocus/protocol.ts";
import type { Handshake } from "../../../src/transport/protocol.ts";
import { inWords } from "../bytes/hocuspocus-frames.ts";
import { settled } from "../eventually.ts";
import { FailingStore } from "../fakes/failing-store.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { openMemoryStore } from "../fakes/memory-store.ts";
import { roomParts } from "./room-parts.ts";

export interface HocuspocusSessionsOptions {
  readonly authorizer?: Authorizer;
  readonly limits?: Partial<Limits>;
  readonly readersShowPresence?: boolean;
  readonly bus?: Bus;
}

interface Addressed {
  /** The address of the client; by default the one of the fake. */
  readonly address?: string;
}

/** Opens Hocuspocus sessions over fake connections; they share rooms, a store and a clock. */
export function hocuspocusSessions({ authorizer = openAuthorizer, ...room }: HocuspocusSessionsOptions = {}) {
  const store = new FailingStore(openMemoryStore());
  const parts = roomParts(room, store);
  const protocol = hocuspocus({ ...parts, bus: room.bus, authorizer, addresses: new CountedAddresses() });

  const connect = async (id: string, { address, ...shown }: Partial<Omit<Handshake, "signal">> & Addressed = {}) => {
    const connection = new FakeConnection(id, address);
    const aborter = new AbortController();
    const handshake = { url: new URL("ws://x/collab"), ...shown, signal: aborter.signal };
    const session = await protocol.open(connection, handshake);
    return {
      connection,
      session,
      /** Sends all frames at once, and lets the server answer the ones that need no store. */
      say: async (...frames: readonly (string | Uint8Array)[]) => {
        for (const frame of frames) void session.receive(frame);
        await settled();
      },
      /** Returns the frames sent to the client since the last call, in words. */
      told: () => connection.take().map(inWords),
      /** Disconnects the client, as a listener does. */
      leave: () => {
        connection.disconnect();
        aborter.abort();
        session.closed();
      },
    };
  };
  return { ...parts, store, connect };
}
