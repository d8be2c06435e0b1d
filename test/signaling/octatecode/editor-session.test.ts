import { expect, test } from "bun:test";
import { octateCodeEditor } from "../../../src/signaling/octatecode/editor-dialect.ts";
import { denialOf, HeldAuthorizer } from "../../support/fakes/held-authorizer.ts";
import type { DialectClient, DialectOptions } from "../../support/servers/dialect-clients.ts";
import { octateDialects } from "../../support/servers/peer-dialect.ts";

const setUp = (options: DialectOptions = {}) =>
  octateDialects((first, parts) => [octateCodeEditor(parts), first], options);

const auth = (userId: string, userName?: string) => ({
  type: "auth",
  data: { roomId: "room", userId, userName, token: null },
});

async function pair({ connect }: { connect(id: string): DialectClient }) {
  const [ada, bob] = [connect("ada"), connect("bob")];
  await ada.say(auth("a", "Ada"));
  await bob.say(auth("b", "Bob"));
  for (const client of [ada, bob]) client.received();
  return { ada, bob };
}

test("the extension is let in without a token, joins its room, and the others are told of it", async () => {
  const { connect } = setUp();
  const [ada, bob] = [connect("ada"), connect("bob")];
  await ada.say(auth("a", "Ada"));
  expect(ada.received()).toEqual([{ type: "auth-success", data: { userId: "a", userName: "Ada", users: [] } }]);
  await ada.say({ type: "join-room", data: { roomId: "room", userId: "a", userName: "Ada" } });
  expect(ada.received()).toEqual([{ type: "room-joined", data: { roomId: "room" } }]);
  await bob.say(auth("b"));
  const users = [{ userId: "a", userName: "Ada" }];
  expect(bob.received()).toEqual([{ type: "auth-success", data: { userId: "b", userName: "b", users } }]);
  expect(ada.received()).toEqual([{ type: "user_joined", roomId: "room", data: { userId: "b", userName: "b" } }]);
  bob.leave();
  expect(ada.received()).toEqual([{ type: "user_left", roomId: "room", data: { userId: "b", userName: "b" } }]);
});

test("it may name its room beside data", async () => {
  const { connect } = setUp();
  const ada = connect("ada");
  await ada.say({ type: "auth", roomId: "room", data: { userId: "a", token: null } });
  expect(ada.received()).toMatchObject([{ type: "auth-success", data: { userId: "a" } }]);
});

test.each(["operation", "cursor", "presence"])(
  "%s reaches the others with all its members, in the name of its sender",
  async (type) => {
    const { ada, bob } = await pair(setUp());
    await ada.say({ type, roomId: "other", userId: "b", userName: "Bob", operationId: "1", data: "x", version: 3 });
    const named = { roomId: "room", userId: "a", userName: "Ada" };
    expect(bob.received()).toEqual([{ type, ...named, operationId: "1", data: "x", version: 3 }]);
    expect(ada.received()).toEqual([]);
  },
);

test("a ping is answered, and so is a client that is in no room", async () => {
  const { connect } = setUp();
  const ada = connect("ada");
  await ada.say(auth("a"));
  ada.received();
  await ada.say({ type: "ping", timestamp: 1 });
  expect(ada.received()).toEqual([{ type: "pong" }]);
  const bob = connect("bob");
  await bob.say(auth(""));
  for (const type of ["join-room", "operation"]) await bob.say({ type, data: {} });
  const error = (message: string) => ({ type: "error", data: { error: message, message } });
  expect(bob.received()).toEqual([error("Missing userId or roomId"), error("Not authenticated")]);
});

test("where tokens are required it is let in by the one of its URL, and told why it is not", async () => {
  const authorizer = new HeldAuthorizer();
  const { connect } = setUp({ authorizer });
  const ada = connect("ada", { path: "/?token=secret" });
  const said = ada.say(auth("a"));
  expect(authorizer.requests).toMatchObject([{ kind: "signaling", room: "room", token: "secret" }]);
  await authorizer.answer("room", denialOf("forbidden"));
  await said;
  expect(ada.received()).toEqual([{ type: "error", data: { error: "not now", message: "not now" } }]);
});

test("a client that shows a token inside data speaks the first dialect", async () => {
  const { connect } = setUp();
  const ada = connect("ada");
  await ada.say({ type: "auth", data: { roomId: "room", userId: "a", token: "invalid" } });
  expect(ada.received()).toMatchObject([{ type: "error", userId: "", data: { error: "Invalid or expired token" } }]);
});
