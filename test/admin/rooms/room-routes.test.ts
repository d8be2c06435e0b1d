import { afterAll, expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually } from "../../support/eventually.ts";

const api = await startApiServer({ mode: "token" });
const { url, wsUrl } = api.server;
const { server } = new YurtClient({ url, token: await api.adminToken() });

afterAll(() => api[Symbol.asyncDispose]());

async function enter(document: string, access: "read" | "write", user: string) {
  const token = await api.token({ [document]: access }, user);
  const client = await RawClient.connect(`${wsUrl}/sync/${document}?token=${token}`);
  await client.sync();
  return client;
}

test("an administrator sees who is in a document, and disconnects one of them, who may return", async () => {
  const [ann, cem] = [await enter("plan/1", "write", "ann"), await enter("plan/1", "read", "cem")];
  const room = await server.room("sync", "plan/1");
  expect(room).toMatchObject({ kind: "sync", name: "plan/1", members: 2, protocols: ["y-websocket"], presence: 0 });
  expect(room.memberList).toEqual([
    expect.objectContaining({ protocol: "y-websocket", user: "ann", access: "write", address: "127.0.0.1" }),
    expect.objectContaining({ protocol: "y-websocket", user: "cem", access: "read" }),
  ]);
  for (const { connectedAt } of room.memberList) expect(Date.now() - Date.parse(connectedAt)).toBeLessThan(60_000);
  const id = room.memberList.find(({ user }) => user === "cem")?.id ?? "";
  await server.disconnectMember("sync", "plan/1", id);
  await eventually("cem is disconnected", () => cem.closed !== undefined);
  expect([cem.closed?.code, ann.closed]).toEqual([4501, undefined]);
  expect((await server.room("sync", "plan/1")).members).toBe(1);
  await expect(server.disconnectMember("sync", "plan/1", id)).rejects.toMatchObject({ code: "no-such-room" });
  await enter("plan/1", "read", "cem");
  expect((await server.room("sync", "plan/1")).members).toBe(2);
});

test("topics are listed beside documents, with their users and without what they send", async () => {
  const token = await api.token({ "topic/1": "write" }, "dia");
  const client = await SignalingClient.connect(`${wsUrl}/signal?token=${token}`);
  client.say({ type: "subscribe", topics: ["topic/1"] });
  client.say({ type: "publish", topic: "topic/1", secret: "payload" });
  await eventually(
    "subscribed",
    async () => (await server.rooms({ kind: "signaling", prefix: "topic/" })).items.length > 0,
  );
  const { items, next } = await server.rooms({ kind: "signaling", prefix: "topic/" });
  expect([items, next]).toEqual([[{ kind: "signaling", name: "topic/1", members: 1, protocols: ["y-webrtc"] }], null]);
  const room = await server.room("signaling", "topic/1");
  expect(room.memberList).toEqual([expect.objectContaining({ protocol: "y-webrtc", user: "dia", access: null })]);
  expect(JSON.stringify(room)).not.toContain("payload");
  await server.disconnectMember("signaling", "topic/1", room.memberList[0]?.id ?? "");
  await eventually("disconnected", () => !client.isOpen);
});

test("rooms of another kind, and rooms that are not open, are refused", async () => {
  const token = api.keys["docs:admin"];
  const wrong = await api.ask("GET", "/v1/rooms/other/plan", { token });
  expect([wrong.status, wrong.body["errors"]]).toMatchObject([400, [{ pointer: "kind" }]]);
  await expect(server.room("signaling", "plan/1")).rejects.toMatchObject({ status: 404, code: "no-such-room" });
});

test("a key for some documents sees no rooms", async () => {
  const { text: token } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "plan/" });
  for (const path of ["/v1/rooms", "/v1/rooms/sync/plan%2F1"])
    expect((await api.ask("GET", path, { token })).status).toBe(403);
});
