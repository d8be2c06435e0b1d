import { describe, expect, test } from "bun:test";
import type { AccessRequest, Denial } from "../../../src/auth/authorizer.ts";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { peersClients } from "../../support/clients/peers-clients.ts";
import { settled } from "../../support/eventually.ts";
import { FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired, HeldAuthorizer, revoked } from "../../support/fakes/held-authorizer.ts";

const offer = (toDeviceId: string) => ({ connectionId: 1, toDeviceId, sdi: {} });
const tokensOf = (requests: readonly AccessRequest[]) => requests.map(({ token }) => token);

test("access is asked for when a client connects, with the token of its payload, else of its handshake", async () => {
  const authorizer = new FakeAuthorizer();
  const { open } = peersClients({ authorizer });
  const shown = {
    url: new URL("ws://localhost/socket.io/?EIO=4&token=url"),
    origin: "https://app.example",
    headerToken: "header",
  };
  for (const packet of ['0{"token":"payload"}', "0{}", "0"]) await (await open(shown)).session.receive(packet);
  await (await open({ headerToken: "header" })).session.receive("0");
  await (await open()).session.receive("0");
  expect(tokensOf(authorizer.requests)).toEqual(["payload", "url", "url", "header", undefined]);
  const asked = { kind: "signaling", room: "peers", remoteAddress: "192.0.2.1" };
  expect(authorizer.requests[0]).toMatchObject({ ...asked, origin: "https://app.example" });
});

describe("a client that is denied", () => {
  const denied = async (denial: Denial, limits: Partial<Limits> = {}) => {
    const authorizer = new FakeAuthorizer();
    authorizer.decide("bad", denial);
    const clients = { ...peersClients({ authorizer, limits }), authorizer };
    const client = await clients.open();
    const connect = (payload: string) => client.session.receive(`0${payload}`);
    return { ...clients, client, connect };
  };

  test.each([denialOf("unauthorized"), denialOf("forbidden"), denialOf("unauthorized", "expired")])(
    "is told why in a connect error, and may show something else: %j",
    async (denial) => {
      const { client, connect } = await denied(denial);
      await connect('{"token":"bad"}');
      const { kind, code } = denial;
      const told = JSON.stringify({ message: "not now", data: { kind, code } });
      expect(client.connection.take()).toEqual([`4${told}`]);
      await expect(client.emit("device-registered", "alice")).rejects.toThrow("event before connect");
      await connect('{"token":"good"}');
      expect(String(client.connection.take()[0])).toStartWith('0{"sid"');
    },
  );

  test("is closed after a minute without a device, however often it connects", async () => {
    const { clock, client, connect } = await denied(denialOf("forbidden"));
    for (let second = 1; second < 60; second += 1) {
      await connect('{"token":"bad"}');
      clock.advance(1_000);
    }
    clock.advance(999);
    expect(client.connection.isOpen).toBe(true);
    clock.advance(1);
    expect(client.connection.closeReason).toEqual(closeReasons.timeout);
  });

  test("again and again waits for the rate of authorizations", async () => {
    const { clock, authorizer, open } = await denied(denialOf("forbidden"), { authorizationBurst: 2 });
    const client = await open();
    for (const round of [1, 2])
      expect([round, await client.session.receive('0{"token":"bad"}')]).toEqual([round, undefined]);
    const third = client.session.receive('0{"token":"bad"}');
    await settled();
    expect(authorizer.requests).toHaveLength(2);
    clock.advance(1_000);
    await third;
    expect(authorizer.requests).toHaveLength(3);
  });

  test.each([
    ["unavailable", closeReasons.authorizationUnavailable],
    ["early", closeReasons.notYetValid],
  ] as const)("for now, as %s, is closed, after which it reconnects by itself", async (kind, reason) => {
    const { client, connect, protocol } = await denied(denialOf(kind));
    await expect(connect('{"token":"bad"}')).rejects.toMatchObject({ reason });
    expect([client.connection.take(), protocol.closeMessage?.(reason, "not now")]).toEqual([[], undefined]);
  });
});

describe("a grant that ends", () => {
  test.each([
    [expired, closeReasons.grantExpired, undefined],
    [denialOf("unavailable"), closeReasons.authorizationUnavailable, undefined],
    [revoked, closeReasons.unauthorized, "1"],
    [denialOf("forbidden"), closeReasons.forbidden, "1"],
  ])("tells its client, and the others that the device is offline: %j", async (denial, reason, disconnected) => {
    const authorizer = new FakeAuthorizer();
    const { enter, protocol, devices } = peersClients({ authorizer });
    const [alice, bob] = [await enter("alice", "group"), await enter("bob", "group")];
    for (const client of [alice, bob]) client.received();
    authorizer.grants[0]?.end(denial);
    await bob.emit("offer", offer("alice"));
    expect(alice.received()).toEqual([["error", "not now"]]);
    expect([alice.connection.closeReason, alice.connection.refusal]).toEqual([reason, "not now"]);
    // After a disconnect packet the client does not reconnect.
    expect(protocol.closeMessage?.(reason, "not now")).toBe(disconnected);
    expect(bob.received()).toEqual([["device-offline", "alice"]]);
    expect(devices.find("alice")).toBeUndefined();
  });

  test("while a device registers leaves it unregistered", async () => {
    const authorizer = new FakeAuthorizer();
    const { enter, connect, devices, clock } = peersClients({ authorizer });
    const first = await enter("alice");
    const second = await connect();
    const registering = second.register("alice");
    await settled();
    authorizer.grants[1]?.end(expired);
    clock.advance(3_000);
    await registering;
    expect(devices.find("alice")?.connection).toBe(first.connection);
    expect(first.connection.isOpen).toBe(true);
  });

  test("before its client is connected ends it", async () => {
    const authorizer = new HeldAuthorizer();
    const client = await peersClients({ authorizer }).open();
    const connecting = client.session.receive("0");
    const ended = new FakeGrant("read");
    ended.end(denialOf("unauthorized", "revoked"));
    await authorizer.grant("peers", ended);
    await connecting;
    expect(client.connection.closeReason?.name).toBe("unauthorized");
  });
});

test("every grant is released, however its client leaves", async () => {
  const authorizer = new FakeAuthorizer();
  const { connect, enter } = peersClients({ authorizer });
  const released = () => authorizer.grants.map(({ isReleased }) => isReleased);
  const [unregistered, registered, polite, lost] = [
    await connect(),
    await enter("a"),
    await enter("b"),
    await enter("c"),
  ];
  unregistered.leave();
  registered.leave();
  await polite.session.receive("1");
  authorizer.grants[3]?.end(expired);
  expect(released()).toEqual([true, true, true, true]);
  await polite.session.receive("0");
  expect(released()).toEqual([true, true, true, true, false]);
  polite.leave();
  lost.leave();
  expect(released()).toEqual([true, true, true, true, true]);
});
