import { expect, test } from "bun:test";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { peerJsClients } from "../../support/clients/peerjs-clients.ts";
import { settled } from "../../support/eventually.ts";
import { FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired, HeldAuthorizer, revoked } from "../../support/fakes/held-authorizer.ts";

const query = (id: string, more = "") => `key=peerjs&id=${id}&token=t${more}`;
const offer = (dst: string) => ({ type: "OFFER", dst, payload: {} });
const error = (msg: string) => ({ type: "ERROR", payload: { msg } });

test("the access token is the parameter `access_token`, or a header; `token` is not", async () => {
  const authorizer = new FakeAuthorizer();
  const { open } = peerJsClients({ authorizer });
  await open(query("alice", "&access_token=secret"), { origin: "https://app.example", headerToken: "header" });
  await open(query("bob"), { headerToken: "header" });
  await open(query("carol"));
  expect(authorizer.requests).toMatchObject([
    { kind: "signaling", room: "peerjs/peerjs", token: "secret", origin: "https://app.example" },
    { token: "header" },
    { room: "peerjs/peerjs" },
  ]);
  expect(authorizer.requests[2]?.token).toBeUndefined();
});

test.each([
  ["unauthorized", 4401],
  ["forbidden", 4403],
  ["unavailable", 1013],
] as const)("%s is told, and the client is closed with %d", async (kind, code) => {
  const authorizer = new FakeAuthorizer();
  authorizer.decide(undefined, denialOf(kind));
  const { connect, protocol, namespace } = peerJsClients({ authorizer });
  const refusal = await connect("alice").catch((thrown) => thrown);
  expect(refusal).toMatchObject({ reason: { code }, message: "not now" });
  expect(JSON.parse(String(protocol.closeMessage?.(refusal.reason, refusal.message)))).toEqual(error("not now"));
  expect(namespace.ids).toEqual([]);
});

test.each([
  [expired, closeReasons.grantExpired],
  [revoked, closeReasons.unauthorized],
])(
  "a client whose grant ends is refused and has left at once, without a word from or to it: %j",
  async (denial, reason) => {
    const authorizer = new FakeAuthorizer();
    const { connect, clock } = peerJsClients({ authorizer, limits: { publishBurst: 1, publishesPerSecond: 1 } });
    const [alice, bob] = [await connect("alice"), await connect("bob")];
    for (const client of [alice, bob]) client.received();
    alice.say(offer("bob"));
    alice.say(offer("bob"));
    authorizer.grants[0]?.end(denial);
    clock.advance(1_000);
    await settled();
    bob.say(offer("alice"));
    expect([alice.connection.closeReason, alice.connection.refusal]).toEqual([reason, "not now"]);
    expect([alice.received(), bob.received().length]).toEqual([[], 1]);
    alice.leave();
    expect(authorizer.grants.map(({ isReleased }) => isReleased)).toEqual([true, false]);
  },
);

test("a grant that has ended before its client has joined ends the session", async () => {
  const authorizer = new HeldAuthorizer();
  const { connect, namespace } = peerJsClients({ authorizer });
  const opening = connect("alice");
  const ended = new FakeGrant("read");
  ended.end(denialOf("unavailable"));
  await authorizer.grant("peerjs/peerjs", ended);
  const alice = await opening;
  expect([alice.connection.closeReason?.name, namespace.ids]).toEqual(["authorization-unavailable", []]);
});

test("every grant is released, however its client leaves or is refused", async () => {
  const authorizer = new FakeAuthorizer();
  const { connect, refusal, clock } = peerJsClients({ authorizer, limits: { peerjsMembers: 1 } });
  const released = () => authorizer.grants.map(({ isReleased }) => isReleased);
  const before = await connect("alice");
  const after = await connect("alice");
  clock.advance(1_000);
  before.session.closed();
  expect(released()).toEqual([true, false]);
  after.connection.answersPings = true;
  await refusal(connect("alice", "stolen"));
  await refusal(connect("bob"));
  expect(released()).toEqual([true, false, true, true]);
  after.leave();
  expect(released()).toEqual([true, true, true, true]);
});
