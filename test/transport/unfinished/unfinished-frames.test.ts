import { describe, expect, test } from "bun:test";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { type ReceivingConnection, UnfinishedFrames } from "../../../src/transport/unfinished/unfinished-frames.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { testPulse } from "../../support/test-pulse.ts";

const mebibyte = 2 ** 20;
const lookMs = 20;
const limits = { firstFrameBytes: 64 * 1024, unfinishedFrameBytes: 64 * mebibyte };

interface Client extends ReceivingConnection {
  /** The bytes that the kernel has received. */
  received: number;
  closed: string | undefined;
}

/** A server of which the test sets the memory, and how many bytes have arrived. */
function setUp({ isSupported = true } = {}) {
  let hasDescriptors = true;
  const requireDescriptor = () => {
    if (!hasDescriptors) throw new Error("EMFILE");
  };
  const clock = new FakeClock();
  const clients: Client[] = [];
  let resident = 100 * mebibyte;
  let looks = 0;
  let readings = 0;
  const frames = new UnfinishedFrames({
    connections: () => clients.filter(({ closed }) => closed === undefined),
    limits,
    clock,
    pulse: testPulse(clock),
    residentBytes: () => {
      requireDescriptor();
      readings += 1;
      return resident;
    },
    openSockets: () => {
      if (!isSupported) return undefined;
      return {
        readBytes: () => {
          requireDescriptor();
          looks += 1;
          return new Map(clients.map(({ peer, received }) => [peer, received]));
        },
      };
    },
  });
  const connect = (given: Partial<Client> = {}): Client => {
    const client: Client = {
      peer: `192.0.2.1 ${clients.length}`,
      remoteAddress: "192.0.2.1",
      frameBytes: 50 * mebibyte,
      completeBytes: 0,
      estimatedBytes: 0,
      isAdmitted: false,
      isReading: true,
      received: 300,
      closed: undefined,
      close: ({ name }, detail) => {
        client.closed ??= `${name}: ${detail}`;
      },
      abandon: () => {},
      ...given,
    };
    clients.push(client);
    frames.requested(client.peer);
    frames.opened(client);
    clock.advance(lookMs);
    return client;
  };
  /** A client sends bytes that complete no frame, and the memory of the process grows by them. */
  const send = (client: Client, bytes: number) => {
    client.received += bytes;
    resident += bytes;
    clock.advance(lookMs);
  };
  return {
    clock,
    frames,
    connect,
    send,
    looks: () => looks,
    readings: () => readings,
    grow: (bytes: number) => (resident += bytes),
    exhaust: (isExhausted: boolean) => {
      hasDescriptors = !isExhausted;
    },
  };
}

/** A client that is admitted. */
const known = { completeBytes: 1_000, isAdmitted: true, received: 1_300 };

describe("unfinished frames", () => {
  test("are not looked for while the memory does not grow", () => {
    const { connect, send, looks } = setUp();
    send(connect(known), 31 * mebibyte);
    expect(looks()).toBe(0);
  });

  test("are looked for every 20 ms after a connection has opened or the memory has grown, and every 200 ms else", () => {
    const { clock, connect, send, readings } = setUp();
    const client = connect(known);
    clock.advance(100 * lookMs);
    const before = readings();
    clock.advance(1_000);
    expect(readings() - before).toBe(5);
    send(client, 5 * mebibyte);
    clock.advance(200);
    const afterwards = readings();
    clock.advance(1_000);
    expect(readings() - afterwards).toBe(50);
  });

  test("of a client that is not admitted are closed beyond 64 KiB", () => {
    const { connect, send, grow } = setUp();
    const [small, large] = [connect(), connect()];
    send(small, 64 * 1024);
    grow(32 * mebibyte);
    send(large, 81 * 1024);
    expect(small.closed).toBeUndefined();
    expect(large.closed).toBe(
      `${closeReasons.overloaded.name}: limits.first-frame-bytes: ${300 + 81 * 1024} bytes of an unfinished frame`,
    );
  });

  test("of other clients may be as large as their protocol's frames, and twice that to be refused by name", () => {
    const { connect, send } = setUp();
    const [editor, caller] = [connect(known), connect({ ...known, frameBytes: 64 * 1024 })];
    send(editor, 50 * mebibyte);
    expect(editor.closed).toBeUndefined();
    send(caller, 128 * 1024);
    expect(caller.closed).toBeUndefined();
    send(caller, 32 * 1024);
    expect(caller.closed).toContain("the bound of the protocol's frames");
  });

  test("have a bound together: the largest of the address with the most is closed", () => {
    const { connect, send } = setUp();
    const honest = connect({ ...known, remoteAddress: "198.51.100.1" });
    send(honest, 25 * mebibyte);
    const attackers = [connect(known), connect(known), connect(known)] as const;
    send(attackers[0], 13 * mebibyte);
    send(attackers[1], 14 * mebibyte);
    expect(attackers.map(({ closed }) => closed)).toEqual([undefined, undefined, undefined]);
    send(attackers[2], 13 * mebibyte);
    expect(attackers.map(({ closed }) => closed?.split(": ")[1])).toEqual([
      undefined,
      "limits.unfinished-frame-bytes",
      undefined,
    ]);
    expect(honest.closed).toBeUndefined();
  });

  test("are looked for again, without any growth, as long as they take more than half of that bound", () => {
    const { clock, connect, send, looks } = setUp();
    const client = connect(known);
    send(client, 33 * mebibyte);
    expect(looks()).toBe(1);
    // The frame is written over memory that the process had already.
    client.received += 32 * mebibyte;
    clock.advance(lookMs);
    expect(client.closed).toContain("limits.unfinished-frame-bytes");
    clock.advance(10 * lookMs);
    expect(looks()).toBe(2);
  });

  test("of a client that is not read are left: what it sends waits in the kernel", () => {
    const { connect, send } = setUp();
    const client = connect({ isReading: false });
    send(client, 60 * mebibyte);
    expect(client.closed).toBeUndefined();
  });

  test("do not include the requests that came before on the same TCP connection", () => {
    const { clock, frames, connect, send, grow } = setUp();
    frames.requested("192.0.2.7 7");
    const client = connect({ ...known, peer: "192.0.2.7 7", received: 10 * mebibyte });
    grow(32 * mebibyte);
    clock.advance(lookMs);
    expect(client.closed).toBeUndefined();
    send(client, 65 * mebibyte);
    expect(client.closed).toContain(`limits.unfinished-frame-bytes: ${65 * mebibyte} bytes`);
  });

  test("are not bounded where the system does not tell, and the timer ends", () => {
    const { clock, connect, send } = setUp({ isSupported: false });
    const client = connect();
    send(client, 90 * mebibyte);
    expect(client.closed).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test("are looked for again when the process has had no descriptor left to do so", () => {
    const { clock, connect, exhaust, looks } = setUp();
    const client = connect(known);
    exhaust(true);
    client.received += 65 * mebibyte;
    connect(known);
    clock.advance(10 * lookMs);
    expect([client.closed, looks()]).toEqual([undefined, 0]);
    exhaust(false);
    clock.advance(10 * lookMs);
    expect(client.closed).toContain("limits.unfinished-frame-bytes");
  });

  test("with TLS do not include what is estimated for the frames before", () => {
    const { connect, send, grow, clock } = setUp();
    const client = connect({ ...known, estimatedBytes: 20 * mebibyte, completeBytes: 120 * mebibyte });
    client.received = 110 * mebibyte;
    grow(32 * mebibyte);
    clock.advance(lookMs);
    expect([client.completeBytes, client.estimatedBytes]).toEqual([110 * mebibyte, 0]);
    send(client, 65 * mebibyte);
    expect(client.closed).toContain(`limits.unfinished-frame-bytes: ${65 * mebibyte} bytes`);
  });

  test("with TLS are looked for when much is estimated, so that they cannot hide behind it", () => {
    const { connect, frames, looks, clock } = setUp();
    connect(known);
    clock.advance(10 * lookMs);
    expect(looks()).toBe(0);
    frames.estimated();
    clock.advance(10 * lookMs);
    expect(looks()).toBe(1);
  });
});
