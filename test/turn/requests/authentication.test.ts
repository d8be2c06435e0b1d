import { describe, expect, test } from "bun:test";
import { longTermKey, mintCredential } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { outcomeOf, peerAddress, udpTransport } from "../../support/turn/request-writer.ts";
import { hourMs, TestTurn, turnSecret } from "../../support/turn/test-turn.ts";

const unknownRequired = 0x7777;

/** Every request but Binding. */
const requests = [
  ["Allocate", methods.allocate],
  ["Refresh", methods.refresh],
  ["CreatePermission", methods.createPermission],
  ["ChannelBind", methods.channelBind],
  ["an unknown method", 0x00b],
] as const;

describe("A: authentication", () => {
  test.each(requests)("A1: %s without a signature is answered 401 with realm and nonce, unsigned", (_, method) => {
    const client = new TestTurn().client();
    const answer = client.ask(client.unsigned(method, udpTransport));
    expect(outcomeOf(answer)).toBe(401);
    expect(answer?.textOf(attributes.realm)).toBe("yurt");
    expect(answer?.textOf(attributes.nonce)).toHaveLength(32);
    expect(answer?.hasIntegrity).toBe(false);
  });

  test("A2: a right credential is answered with a success that is signed", async () => {
    const client = new TestTurn().client();
    const answer = await client.allocate();
    expect(outcomeOf(answer)).toBe("success");
    const { username, credential } = client.requests.credential;
    expect(answer?.isSignedWith(longTermKey(username, "yurt", credential))).toBe(true);
  });

  test.each([
    ["A3: a wrong password", { password: "wrong" }],
    ["A4: an unknown user", { username: "9999999999:nobody" }],
    ["A4: a username that is none of ours", { username: "alice" }],
    ["A10: a wrong realm", { realm: "elsewhere" }],
    ["A12: a username of 600 bytes", { username: `1700003600:${"x".repeat(589)}` }],
    ["A12: a username that is not UTF-8", { username: Uint8Array.of(0xff, 0xfe, 0x80) }],
  ])("%s is answered 401, and a right request is accepted afterwards", async (_, changes) => {
    const client = new TestTurn().client();
    expect(outcomeOf(client.request(methods.allocate, udpTransport, changes))).toBe(401);
    expect(outcomeOf(await client.allocate())).toBe("success");
  });

  test("A5: an expired credential is answered 401", () => {
    const turn = new TestTurn();
    const client = turn.client();
    turn.clock.advance(hourMs);
    expect(outcomeOf(client.request(methods.allocate, udpTransport))).toBe(401);
  });

  test.each([
    ["USERNAME", attributes.username],
    ["REALM", attributes.realm],
    ["NONCE", attributes.nonce],
  ])("A6: a signature without %s is answered 400", (_, attribute) => {
    const client = new TestTurn().client();
    const answer = client.request(methods.allocate, udpTransport, { without: [attribute] });
    expect(outcomeOf(answer)).toBe(400);
  });

  test.each(["", "0".repeat(32), "x".repeat(128)])(
    "A7: the forged nonce %j is answered 438, with a right one",
    async (nonce) => {
      const client = new TestTurn().client();
      const answer = client.request(methods.allocate, udpTransport, { nonce });
      expect(outcomeOf(answer)).toBe(438);
      expect(answer?.textOf(attributes.realm)).toBe("yurt");
      expect(outcomeOf(await client.allocate())).toBe("success");
    },
  );

  test.each([
    ["another port", { port: 1_234 }],
    ["another address", { address: "198.51.100.8" }],
  ])("A8: the nonce of %s is answered 438", (_, other) => {
    const turn = new TestTurn();
    const client = turn.client({ port: 2_345 });
    const stranger = turn.client({ port: 2_345, ...other });
    client.challenge();
    stranger.requests.nonce = client.requests.nonce;
    stranger.requests.realm = client.requests.realm;
    expect(outcomeOf(stranger.request(methods.allocate, udpTransport))).toBe(438);
  });

  test("A9: a nonce that is 601 s old is answered 438; the allocation goes on, and is refreshed with the new nonce", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated();
    client.refresh(3_600);
    turn.clock.advance(601_000);
    expect(outcomeOf(client.refresh(3_600))).toBe(438);
    expect(outcomeOf(client.refresh(3_600))).toBe("success");
    expect(relay.isClosed).toBe(false);
  });

  test("A11: the earlier of two secrets is accepted, and no other one", async () => {
    const [first, second, third] = ["the first secret", "the second secret", "the third secret"];
    const expiresAt = 1_700_000_000_000 + hourMs;
    const credentialOf = (secret: string) => mintCredential({ secret, user: "alice", expiresAt });
    const turn = new TestTurn({ secrets: [second, first] });
    const outcomes = [first, second, third].map(async (secret) => {
      return outcomeOf(await turn.client({ credential: credentialOf(secret) }).allocate());
    });
    expect(await Promise.all(outcomes)).toEqual(["success", "success", 401]);
  });

  test.each([19, 21, 32])("A13: a MESSAGE-INTEGRITY of %d bytes is not answered, or refused", (length) => {
    const client = new TestTurn().client();
    const write = (writer: Parameters<typeof udpTransport>[0]) => {
      udpTransport(writer);
      writer.bytes(attributes.messageIntegrity, new Uint8Array(length));
    };
    expect([undefined, 400]).toContain(client.ask(client.unsigned(methods.allocate, write))?.errorCode);
  });

  test("A14: a credential that expires later than any that is issued is answered 401", () => {
    const turn = new TestTurn();
    const credential = mintCredential({ secret: turnSecret, user: "alice", expiresAt: turn.clock.now() + 13 * hourMs });
    expect(outcomeOf(turn.client({ credential }).request(methods.allocate, udpTransport))).toBe(401);
  });

  test("A15: an unknown attribute that must be understood is answered 420, signed; without a signature 401 comes first", () => {
    const client = new TestTurn().client();
    const write = (writer: Parameters<typeof udpTransport>[0]) => {
      udpTransport(writer);
      writer.uint32(unknownRequired, 1);
    };
    expect(outcomeOf(client.ask(client.unsigned(methods.allocate, write)))).toBe(401);
    const answer = client.request(methods.allocate, write);
    expect(outcomeOf(answer)).toBe(420);
    expect(answer?.hasIntegrity).toBe(true);
    expect(answer?.bytesOf(attributes.unknownAttributes)).toEqual(Uint8Array.of(0x77, 0x77));
  });
});

describe("a credential that has expired", () => {
  test("keeps its allocation alive for an hour, and makes no other one", async () => {
    const turn = new TestTurn();
    const { client } = await turn.allocated({ credential: turn.credential("alice", 600_000) });
    client.refresh(3_600);
    turn.clock.advance(3_000_000);
    client.refresh();
    expect(outcomeOf(client.refresh(3_600))).toBe("success");
    const other = turn.client({ credential: client.requests.credential });
    expect(outcomeOf(other.request(methods.allocate, udpTransport))).toBe(401);
    turn.clock.advance(1_200_000);
    client.refresh();
    expect(outcomeOf(client.refresh(3_600))).toBe(401);
  });
});

describe("a user whose access is revoked", () => {
  test("loses all allocations, and the credentials until now", async () => {
    const turn = new TestTurn();
    const { client, relay } = await turn.allocated({ user: "mallory" });
    const { relay: honest } = await turn.allocated({ user: "alice" });
    turn.server.endUser("mallory", turn.clock.now() + hourMs + 1);
    expect([relay.isClosed, honest.isClosed]).toEqual([true, false]);
    expect(outcomeOf(await client.allocate())).toBe(401);
  });

  test("gets in with a credential that was issued later", async () => {
    const turn = new TestTurn();
    turn.server.endUser("mallory", turn.clock.now() + hourMs + 1);
    turn.clock.advance(5_000);
    expect(outcomeOf(await turn.client({ user: "mallory" }).allocate())).toBe("success");
  });

  test("gets no allocation whose socket was being opened", async () => {
    const turn = new TestTurn();
    const client = turn.client({ user: "mallory" });
    client.challenge();
    const release = turn.network.hold();
    const answer = client.allocate();
    turn.server.endUser("mallory", turn.clock.now() + hourMs + 1);
    release();
    expect(await answer).toBeUndefined();
    expect(turn.network.openSockets).toEqual([]);
    expect(turn.server.allocations).toBe(0);
  });
});

test("a permission of another user's allocation cannot be asked for", async () => {
  const turn = new TestTurn();
  const { client } = await turn.allocated();
  client.requests.credential = turn.credential("mallory");
  expect(outcomeOf(client.request(methods.createPermission, peerAddress("8.8.8.8")))).toBe(441);
});
