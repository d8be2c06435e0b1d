import { describe, expect, test } from "bun:test";
import { formatIpAddress, type IpAddress, parseIpAddress } from "../../../src/lib/address/ip-address.ts";
import type { ClientSocket } from "../../../src/turn/client/client-socket.ts";
import { TurnClient } from "../../../src/turn/client/turn-client.ts";
import { TurnDisconnected, TurnError, TurnTimeout } from "../../../src/turn/client/turn-failure.ts";
import { longTermKey } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import type { ErrorCode } from "../../../src/turn/message/error-codes.ts";
import { FrameWriter } from "../../../src/turn/message/frame-writer.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const credential = { username: "1700003600:ann", credential: "password" };
const realm = "yurt";
const key = longTermKey(credential.username, realm, credential.credential);
const peer = ip("192.0.2.1");

function ip(text: string): IpAddress {
  const address = parseIpAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
}

/** A client whose messages are kept, and answered by the test. */
class Bench implements ClientSocket {
  readonly isStream: boolean;
  readonly sent: Uint8Array[] = [];
  readonly clock = new FakeClock();
  readonly received: string[] = [];
  readonly client: TurnClient;
  isClosed = false;

  constructor({ isStream = false, hasCredential = true } = {}) {
    this.isStream = isStream;
    this.client = new TurnClient({
      socket: this,
      clock: this.clock,
      credential: hasCredential ? credential : undefined,
      received: (from, port, payload) => this.received.push(`${formatIpAddress(from)} ${port} ${payload.toHex()}`),
    });
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes.slice());
  }

  close(): void {
    this.isClosed = true;
  }

  /** The last request. */
  get request(): StunMessage {
    const message = decodeStun(this.sent.at(-1) ?? new Uint8Array());
    if (message === undefined) throw new Error("the client sent no message");
    return message;
  }

  /** Answers the last request with a success, which is signed if the request was. */
  async succeed(add: (writer: StunWriter) => void = () => {}): Promise<void> {
    const { method, transactionId, hasIntegrity } = this.request;
    const writer = new StunWriter().begin(method, "success", transactionId);
    add(writer);
    if (hasIntegrity) writer.sign(key);
    await this.answer(writer);
  }

  async fail(code: ErrorCode, nonce?: string): Promise<void> {
    const { method, transactionId } = this.request;
    const writer = new StunWriter().begin(method, "error", transactionId).error(code);
    if (nonce !== undefined) writer.text(attributes.realm, realm).text(attributes.nonce, nonce);
    await this.answer(writer);
  }

  async answer(writer: StunWriter): Promise<void> {
    this.client.receive(writer.finish());
    await settled();
  }
}

/** The outcome of a promise that rejects, as a value, so that it is never an unhandled rejection. */
function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "success",
    (error: unknown) => error,
  );
}

describe("a client", () => {
  test("asks for its address without credentials", async () => {
    const bench = new Bench();
    const binding = bench.client.binding();
    expect(bench.sent[0]).toHaveLength(20);
    await bench.succeed((writer) => writer.address(attributes.xorMappedAddress, ip("2001:db8::1"), 5));
    expect(await binding).toEqual({ ip: ip("2001:db8::1"), port: 5 });
  });

  test("allocates: it signs its request when the server asks for that", async () => {
    const bench = new Bench();
    const allocating = bench.client.allocate({ family: 6, lifetimeSeconds: 300 });
    expect(bench.request.hasIntegrity).toBe(false);
    await bench.fail(401, "first");
    const { request } = bench;
    expect(request.isSignedWith(key)).toBe(true);
    expect(request.textOf(attributes.username)).toBe(credential.username);
    expect(request.textOf(attributes.nonce)).toBe("first");
    expect(request.uint8Of(attributes.requestedTransport)).toBe(17);
    expect(request.uint8Of(attributes.requestedAddressFamily)).toBe(2);
    expect(request.uint32Of(attributes.lifetime)).toBe(300);
    await bench.succeed((writer) =>
      writer
        .address(attributes.xorRelayedAddress, ip("192.0.2.9"), 50_000)
        .address(attributes.xorMappedAddress, peer, 6)
        .uint32(attributes.lifetime, 600),
    );
    expect(await allocating).toEqual({
      relayed: { ip: ip("192.0.2.9"), port: 50_000 },
      mapped: { ip: peer, port: 6 },
      lifetimeMs: 600_000,
    });
  });

  test("takes a new nonce when the old one is stale, and signs its next requests with it", async () => {
    const bench = new Bench();
    const permitting = bench.client.createPermission(peer, ip("2001:db8::1"));
    await bench.fail(401, "first");
    await bench.fail(438, "second");
    expect(bench.request.textOf(attributes.nonce)).toBe("second");
    expect(bench.request.addressesOf(attributes.xorPeerAddress).map((address) => address?.ip)).toEqual([
      peer,
      ip("2001:db8::1"),
    ]);
    await bench.succeed();
    await permitting;
    const refreshing = bench.client.refresh(0);
    expect(bench.request.textOf(attributes.nonce)).toBe("second");
    expect(bench.request.method).toBe(methods.refresh);
    await bench.succeed((writer) => writer.uint32(attributes.lifetime, 0));
    expect(await refreshing).toBe(0);
  });

  test("fails with the code of the server: wrong credentials are tried once", async () => {
    const bench = new Bench();
    const failure = failureOf(bench.client.allocate());
    await bench.fail(401, "first");
    await bench.fail(401, "second");
    expect(await failure).toBeInstanceOf(TurnError);
    expect(await failure).toMatchObject({ code: 401, message: "The server answered 401 Unauthorized" });
    expect(bench.sent).toHaveLength(2);
  });

  test("fails when it has no credentials, and when nonces go stale without end", async () => {
    const without = new Bench({ hasCredential: false });
    const refused = failureOf(without.client.allocate());
    await without.fail(401, "first");
    expect(await refused).toMatchObject({ code: 401 });
    const bench = new Bench();
    const failure = failureOf(bench.client.allocate());
    await bench.fail(401, "nonce");
    for (let count = 0; count < 3; count += 1) await bench.fail(438, "nonce");
    expect(await failure).toMatchObject({ code: 438 });
    expect(bench.sent).toHaveLength(4);
  });

  test("ignores answers that are not signed, or are to other requests", async () => {
    const bench = new Bench();
    const refreshing = bench.client.refresh();
    await bench.fail(401, "first");
    const { transactionId } = bench.request;
    await bench.answer(new StunWriter().begin(methods.refresh, "success", transactionId));
    await bench.answer(new StunWriter().begin(methods.refresh, "success", transactionId).sign(new Uint8Array(16)));
    await bench.answer(new StunWriter().begin(methods.refresh, "success", new Uint8Array(12)).sign(key));
    await bench.answer(new StunWriter().begin(methods.allocate, "success", transactionId).sign(key));
    await bench.answer(new StunWriter().begin(methods.refresh, "request", transactionId).sign(key));
    await bench.succeed((writer) => writer.uint32(attributes.lifetime, 700));
    expect(await refreshing).toBe(700_000);
  });

  test("repeats a request over UDP, with growing pauses, and gives up", async () => {
    const bench = new Bench();
    const failure = failureOf(bench.client.binding());
    const counts = [500, 1_000, 2_000, 4_000, 8_000, 16_000].map((pauseMs) => {
      bench.clock.advance(pauseMs - 1);
      const before = bench.sent.length;
      bench.clock.advance(1);
      return [before, bench.sent.length];
    });
    expect(counts).toEqual([1, 2, 3, 4, 5, 6].map((count) => [count, count + 1]));
    expect(new Set(bench.sent.map((bytes) => bytes.toHex())).size).toBe(1);
    bench.clock.advance(8_000);
    expect(await failure).toBeInstanceOf(TurnTimeout);
    expect(bench.sent).toHaveLength(7);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  test("repeats nothing once it is answered, and nothing over a stream", async () => {
    const bench = new Bench();
    const binding = bench.client.binding();
    await bench.succeed((writer) => writer.address(attributes.xorMappedAddress, peer, 5));
    await binding;
    expect(bench.clock.pendingTimers).toBe(0);
    const stream = new Bench({ isStream: true });
    const failure = failureOf(stream.client.binding());
    stream.clock.advance(39_500);
    expect(await failure).toBeInstanceOf(TurnTimeout);
    expect(stream.sent).toHaveLength(1);
  });

  test("fails when the connection ends, and when it is closed", async () => {
    const bench = new Bench({ isStream: true });
    const failure = failureOf(bench.client.binding());
    bench.client.disconnected("The server has closed the connection");
    expect(await failure).toBeInstanceOf(TurnDisconnected);
    expect(bench.clock.pendingTimers).toBe(0);
    const closing = failureOf(bench.client.binding());
    bench.client.close();
    expect(await closing).toBeInstanceOf(TurnDisconnected);
    expect(bench.isClosed).toBe(true);
  });
});

describe("application data", () => {
  const payload = Uint8Array.of(1, 2, 3, 4, 5);
  const server = new FrameWriter(new Uint8Array(12));

  test("is sent in Send indications, and comes in Data indications", () => {
    const bench = new Bench();
    bench.client.send(peer, 7, payload);
    const message = bench.request;
    expect([message.method, message.messageClass]).toEqual([methods.send, "indication"]);
    expect(message.addressOf(attributes.xorPeerAddress)).toEqual({ ip: peer, port: 7 });
    expect(message.bytesOf(attributes.data)?.toHex()).toBe("0102030405");
    bench.client.receive(server.dataIndication(peer, 7, payload));
    bench.client.receive(server.sendIndication(peer, 7, payload));
    expect(bench.received).toEqual(["192.0.2.1 7 0102030405"]);
  });

  test.each([false, true])("goes through channels that are bound (stream: %p)", async (isStream) => {
    const bench = new Bench({ isStream });
    const binding = bench.client.bindChannel(0x4000, peer, 7);
    await bench.fail(401, "first");
    expect(bench.request.uint16Of(attributes.channelNumber)).toBe(0x4000);
    expect(bench.request.addressOf(attributes.xorPeerAddress)).toEqual({ ip: peer, port: 7 });
    bench.client.receive(server.channelData(0x4000, payload));
    expect(bench.received).toEqual([]);
    await bench.succeed();
    await binding;
    bench.client.receive(server.channelData(0x4000, payload));
    bench.client.receive(server.channelData(0x4001, payload));
    bench.client.receive(server.channelData(0x4000, payload).subarray(0, -1));
    expect(bench.received).toEqual(["192.0.2.1 7 0102030405"]);
    bench.client.sendToChannel(0x4000, payload);
    expect(bench.sent.at(-1)?.toHex()).toBe(isStream ? "400000050102030405000000" : "400000050102030405");
  });
});
