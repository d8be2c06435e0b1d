import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { formatIpAddress } from "../../src/lib/address/ip-address.ts";
import { methods } from "../../src/turn/message/message-type.ts";
import { FakeServerSocket } from "../support/turn/fake-server-socket.ts";
import { outcomeOf, udpTransport } from "../support/turn/request-writer.ts";
import { hourMs, TestTurn } from "../support/turn/test-turn.ts";

const requests = [methods.binding, methods.allocate, methods.refresh, methods.createPermission, methods.channelBind];

/** The first 28 bytes are an Allocate request as Chromium sends it. */
test.each([1, 4, 20, 32])(
  "S2: with a realm of %d bytes Chromium's first request is answered, and no answer has more than four times the bytes",
  (bytes) => {
    const turn = new TestTurn({ realm: "r".repeat(bytes) });
    const client = turn.client();
    for (const method of [...requests, 0x00b, 0xfff]) {
      for (const write of [undefined, udpTransport]) {
        const request = client.unsigned(method, write);
        client.deliver(request);
        const answers = client.take();
        if (method === methods.allocate && write !== undefined) expect(answers).toHaveLength(1);
        for (const answer of answers) expect(answer.byteLength).toBeLessThanOrEqual(4 * request.byteLength);
      }
    }
  },
);

test("S2: an answer that names unknown attributes is not longer than that, either", () => {
  const client = new TestTurn().client();
  for (let count = 1; count <= 100; count += 1) {
    const request = client.unsigned(methods.binding, (writer) => {
      for (let type = 0x7000; type < 0x7000 + count; type += 1) writer.bytes(type, new Uint8Array());
    });
    client.deliver(request);
    for (const answer of client.take()) expect(answer.byteLength).toBeLessThanOrEqual(4 * request.byteLength);
  }
});

test("S2: a bare Allocate request is answered without a reason", () => {
  const client = new TestTurn().client();
  expect(outcomeOf(client.ask(client.unsigned(methods.allocate)))).toBe(401);
});

test("a request of more than 4,096 bytes is dropped, before its signature is checked", () => {
  const turn = new TestTurn();
  const client = turn.client();
  const padded = (bytes: number) =>
    client.unsigned(methods.allocate, (writer) => writer.bytes(0xc001, new Uint8Array(bytes - 24)));
  expect(outcomeOf(client.ask(padded(4_096)))).toBe(401);
  expect(client.ask(padded(4_100))).toBeUndefined();
  expect(turn.counts.dropsOf("malformed")).toBe(1);
});

test("S3: answers 401 and 438 to one address are limited, whatever its ports", () => {
  const turn = new TestTurn();
  let answers = 0;
  for (let count = 0; count < 2_000; count += 1) {
    const client = turn.client();
    client.requests.realm = "yurt";
    client.requests.nonce = "forged";
    client.deliver(count % 2 === 0 ? client.unsigned(methods.allocate) : client.signed(methods.allocate, udpTransport));
    answers += client.take().length;
  }
  expect(answers).toBe(turn.limits.stunAnswerBurst);
  const elsewhere = turn.client({ address: "198.51.100.200" });
  expect(outcomeOf(elsewhere.challenge())).toBe(401);
});

test("S3: the limit does not touch clients with a credential at the same address", async () => {
  const turn = new TestTurn();
  const { client } = await turn.allocated();
  for (let count = 0; count < 1_000; count += 1) turn.client().challenge();
  expect(turn.client().challenge()).toBeUndefined();
  expect(outcomeOf(client.refresh())).toBe("success");
});

test("S3: loopback is not limited", () => {
  const turn = new TestTurn();
  const client = turn.client({ address: "127.0.0.1" });
  for (let count = 0; count < 1_000; count += 1) expect(outcomeOf(client.challenge())).toBe(401);
});

// The fuzz of `npm run torture -- turn` sends 1,000,000.
test("S1: 100,000 requests without a credential, of 10,000 addresses, take no memory and make no allocation", () => {
  const turn = new TestTurn();
  const client = turn.client();
  const [allocate, binding] = [client.unsigned(methods.allocate, udpTransport), client.unsigned(methods.binding)];
  const addresses = Array.from({ length: 10_000 }, (_, index) =>
    formatIpAddress({ family: 4, word0: 0, word1: 0, word2: 0, word3: 0x0b000000 + index }),
  );
  let answers = 0;
  const socket = new FakeServerSocket();
  socket.send = () => {
    answers += 1;
  };
  const flood = (rounds: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const [request, port] = [round % 2 === 0 ? allocate : binding, 1_024 + round];
      for (const address of addresses) turn.server.receive(socket, request, address, port);
      turn.clock.advance(10);
    }
    Bun.gc(true);
    return heapStats().heapSize + heapStats().extraMemorySize;
  };
  const before = flood(4);
  const after = flood(6);
  expect(after - before).toBeLessThan(2 ** 20);
  expect(answers).toBe(100_000);
  expect([turn.server.allocations, turn.network.sockets.length, turn.clock.pendingTimers]).toEqual([0, 0, 0]);
});

test("a UDP request from a port of services was forged, and is not answered", () => {
  const turn = new TestTurn();
  for (const port of [0, 53, 1_023]) expect(turn.client({ port }).challenge()).toBeUndefined();
  expect(turn.counts.dropsOf("source-port")).toBe(3);
  expect(outcomeOf(turn.client({ port: 53, socket: new FakeServerSocket("tcp") }).challenge())).toBe(401);
});

test("a refused credential is logged with the reason, and what every client does is not", async () => {
  const turn = new TestTurn();
  const { client: revoked } = await turn.allocated({ user: "revoked" });
  turn.server.endUser("revoked", turn.clock.now() + 2 * hourMs);
  revoked.refresh();
  const client = turn.client();
  client.challenge();
  expect(outcomeOf(client.request(methods.allocate, udpTransport, { nonce: "stale" }))).toBe(438);
  client.request(methods.allocate, udpTransport, { password: "wrong" });
  turn.clock.advance(hourMs);
  client.challenge();
  client.request(methods.allocate, udpTransport);
  expect(turn.events.map(({ event, reason }) => [event, reason])).toEqual([
    ["turn-request-refused", "revoked"],
    ["turn-request-refused", "wrong"],
    ["turn-request-refused", "expired"],
  ]);
});

test("S4: lines about refused requests are limited, and have no credential", () => {
  const turn = new TestTurn({ limits: { stunAnswerBurst: 10_000 } });
  const client = turn.client();
  for (let count = 0; count < 1_000; count += 1) {
    expect(outcomeOf(client.request(methods.allocate, udpTransport, { password: "a wrong password" }))).toBe(401);
  }
  expect(turn.events.length).toBeWithin(1, 50);
  expect(turn.events[0]).toMatchObject({ event: "turn-request-refused", address: client.address });
  const text = JSON.stringify(turn.events);
  const { username, credential } = client.requests.credential;
  for (const word of [username, credential, client.requests.nonce, "a wrong password"])
    expect(text).not.toContain(word);
});
