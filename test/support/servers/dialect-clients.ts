import { pino } from "pino";
import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { openAuthorizer } from "../../../src/auth/open-authorizer.ts";
import { RoomRegistries } from "../../../src/composition/room-registries.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { RoomRegistry } from "../../../src/rooms/room-registry.ts";
import { type JsonDialect, jsonDialects } from "../../../src/signaling/dialects.ts";
import { boundOptions, Quotas, type SignalingBound } from "../../../src/signaling/quotas.ts";
import { administration } from "../clients/http-callers.ts";
import { settled } from "../eventually.ts";
import { openFakeChannel } from "../fakes/fake-channel.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { FakeConnection } from "../fakes/fake-connection.ts";
import { recordedLog } from "../fakes/recorded-log.ts";

export interface DialectOptions {
  readonly authorizer?: Authorizer;
  readonly limits?: Partial<Limits>;
  /** The clock of all nodes of a cluster. */
  readonly clock?: FakeClock;
}

/** The parts of a server's dialects, made of the tests' fakes. */
export function dialectParts(options: DialectOptions = {}) {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const lines: string[] = [];
  const clock = options.clock ?? new FakeClock();
  const log = pino({ level: "debug", base: null, timestamp: false }, { write: (line) => lines.push(line) });
  const registries = new RoomRegistries({ clock, lingerMs: 0, log });
  return {
    limits,
    clock,
    authorizer: options.authorizer ?? openAuthorizer,
    administration,
    addresses: new CountedAddresses(),
    metrics: createMetrics(),
    openChannel: openFakeChannel,
    log,
    /** The lines that were logged. */
    lines,
    registry: <Room>(open: (name: string) => Room | Promise<Room>, close?: (room: Room) => void): RoomRegistry<Room> =>
      registries.open(open, close),
    /** The number of rooms with a member. */
    openRooms: (): number => {
      clock.advance(0);
      return registries.size;
    },
  };
}

export type DialectParts = ReturnType<typeof dialectParts>;

/** A client of the JSON dialects, without a network. */
export interface DialectClient {
  readonly connection: FakeConnection;
  /** Sends a message. Rejects with the error that the session throws. */
  say(message: unknown): Promise<void>;
  /** Sends a frame unchanged, otherwise as `say`. */
  send(frame: string | Uint8Array): Promise<void>;
  /** Sends a frame that is larger than the protocol's bound. */
  sendOversized(frame: string, detail: string): Promise<void>;
  /** The messages received since the last call. */
  received(): unknown[];
  /** Disconnects the client while none of its frames is being handled. */
  leave(): void;
  /** Reports the disconnect first, as the transport does while a frame is being handled. */
  abort(): void;
}

/** The parts of a client's handshake that a test can choose. */
export interface ConnectOptions {
  readonly address: string;
  readonly path: string;
  readonly origin: string;
  readonly headerToken: string;
}

/** The protocol that selects one of the dialects for each client, and its clients. */
export function dialectClients(dialects: readonly JsonDialect[], parts: DialectParts) {
  const { addresses, authorizer, limits, clock, metrics } = parts;
  const quotas = new Quotas({ addresses, limits, clock, log: recordedLog().log, metrics });
  const protocol = jsonDialects({ dialects, authorizer, limits, quotas, metrics });
  const connect = (id: string, handshake: Partial<ConnectOptions> = {}): DialectClient => {
    const { address, path = "/signal", ...shown } = handshake;
    const connection = new FakeConnection(id, address);
    const gone = new AbortController();
    const url = new URL(path, "ws://localhost");
    const session = protocol.open(connection, { ...shown, url, signal: gone.signal });
    if (session instanceof Promise) throw new Error("opens at once");
    const send = async (frame: string | Uint8Array) => {
      await session.receive(frame);
      // Work that is not awaited and needs no timer has been done after this.
      await settled();
    };
    return {
      connection,
      say: (message) => send(JSON.stringify(message)),
      send,
      sendOversized: async (frame, detail) => {
        await session.oversized?.(frame, detail);
      },
      abort: () => {
        connection.disconnect();
        gone.abort();
      },
      received: () => connection.take().map((frame) => JSON.parse(String(frame))),
      leave() {
        connection.disconnect();
        gone.abort();
        session.closed();
      },
    };
  };
  /** The number of times that the bound was exceeded. */
  const met = async (bound: SignalingBound): Promise<number> => {
    const { values } = await metrics.bounds.get();
    return values.find(({ labels }) => labels.bound === boundOptions[bound])?.value ?? 0;
  };
  /** The number of ignored messages of each protocol. */
  const ignored = async () => {
    const { values } = await metrics.ignoredMessages.get();
    return Object.fromEntries(values.map(({ labels, value }) => [labels.protocol, value]));
  };
  return { ...parts, protocol, connect, met, ignored };
}
