import { afterAll, expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import type { RoomLiveEvent } from "../../../src/client/server/live-events.ts";
import { startApiServer } from "../../support/api/api-server.ts";
import { EventReader } from "../../support/api/event-reader.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually } from "../../support/eventually.ts";

const api = await startApiServer();
const { url, wsUrl } = api.server;
const admin = { authorization: `Bearer ${api.keys["docs:admin"]}` };
const { server } = new YurtClient({ url, token: api.keys["docs:admin"] });

afterAll(() => api[Symbol.asyncDispose]());

interface Dialect {
  readonly room: string;
  path(id: string): string;
  /** The frames with which a client enters the room. */
  enter(id: string): Promise<readonly string[]> | readonly string[];
  /** The frame for one client; undefined in a dialect without such messages. */
  readonly toOne?: (id: string) => string;
  /** The same for all others. */
  readonly toAll?: string;
}

const secret = "the payload";

const dialects: Readonly<Record<string, Dialect>> = {
  "y-webrtc": {
    room: "mesh/y-webrtc",
    path: () => "/signal",
    enter: (id) => [
      json({ type: "subscribe", topics: ["mesh/y-webrtc"] }),
      json({ type: "publish", topic: "mesh/y-webrtc", data: { type: "announce", from: id } }),
    ],
    toOne: (id) => json({ type: "publish", topic: "mesh/y-webrtc", data: { type: "signal", to: id, signal: secret } }),
    toAll: json({ type: "publish", topic: "mesh/y-webrtc", data: secret }),
  },
  cliffy: {
    room: "mesh/cliffy",
    path: () => "/signal",
    enter: (peerId) => [json({ type: "join", roomId: "mesh/cliffy", peerId })],
    toOne: (toPeerId) => json({ type: "offer", toPeerId, sdp: secret }),
  },
  octatecode: {
    room: "mesh/octatecode",
    path: () => "/signal",
    enter: async (userId) => {
      const roomId = "mesh/octatecode";
      const asked = await fetch(`${url}/api/auth/token`, { method: "POST", body: json({ userId, roomId }) });
      const { token } = Object(await asked.json());
      const first = userId === "ann" ? "create-room" : "join-room";
      return [json({ type: "auth", userId, roomId, data: { token } }), json({ type: first, data: {} })];
    },
    toOne: (targetUserId) => json({ type: "sdp-offer", targetUserId, data: { offer: { sdp: secret } } }),
    toAll: json({ type: "chat", data: secret }),
  },
  "octatecode-peers": {
    room: "mesh/octatecode-peers",
    path: () => "/signal",
    enter: (from) => [json({ type: "auth", roomId: "mesh/octatecode-peers", from })],
    toOne: (to) => json({ type: "offer", to, data: secret }),
    toAll: json({ type: "chat", data: secret }),
  },
  "octatecode-editor": {
    room: "mesh/octatecode-editor",
    path: () => "/signal",
    enter: (userId) => [json({ type: "auth", data: { userId, roomId: "mesh/octatecode-editor" } })],
    toAll: json({ type: "operation", data: secret }),
  },
  peerjs: {
    room: "peerjs/peerjs",
    path: (id) => `/peerjs/peerjs?key=peerjs&id=${id}&token=t`,
    enter: () => [],
    toOne: (dst) => json({ type: "OFFER", dst, payload: secret }),
  },
  peers: {
    room: "peers",
    path: () => "/socket.io/?EIO=4&transport=websocket",
    enter: (deviceId) => ["40", `42${json(["register-device", { deviceId, user: "u", groups: [] }])}`],
    toOne: (toDeviceId) => `42${json(["offer", { toDeviceId, sdp: secret }])}`,
  },
};

function json(value: unknown): string {
  return JSON.stringify(value);
}

const membersOf = async (room: string) => (await server.room("signaling", room).catch(() => undefined))?.members ?? 0;

async function enter({ enter: framesOf, path, room }: Dialect, id: string): Promise<SignalingClient> {
  const before = await membersOf(room);
  const client = await SignalingClient.connect(`${wsUrl}${path(id)}`);
  for (const frame of await framesOf(id)) client.send(frame);
  await eventually(`${id} is in ${room}`, async () => (await membersOf(room)) === before + 1);
  return client;
}

test.each(Object.entries(dialects))(
  "the messages of %s are counted by their senders and receivers, and not shown",
  async (protocol, dialect) => {
    const { room, toAll, toOne } = dialect;
    const [ann, ben] = [await enter(dialect, "ann"), await enter(dialect, "ben")];
    await using reader = await EventReader.open(`${url}/v1/rooms/signaling/${encodeURIComponent(room)}/events`, admin);
    const shown = await reader.next();
    expect(shown).toMatchObject({ event: "room", data: { name: room, members: 2, protocols: [protocol] } });
    const [from, to] = (await server.room("signaling", room)).memberList.map(({ id }) => id);
    if (toOne !== undefined) {
      for (let count = 0; count < 2; count += 1) ann.send(toOne("ben"));
      expect(await reader.next()).toMatchObject({
        event: "messages",
        data: { messages: [{ from, to, count: 2 }], omitted: 0 },
      });
    }
    if (toAll !== undefined) {
      ben.send(toAll);
      const told = await reader.next();
      expect(told?.data).toEqual({ messages: [{ from: to, to: null, count: 1 }], omitted: 0 });
      expect(JSON.stringify(told)).not.toContain(secret);
    }
    await Promise.all([ann.close(), ben.close()]);
  },
);

test("a document is shown when its members change, and its end when it closes", async () => {
  const ann = await RawClient.connect(`${wsUrl}/sync/plan`);
  await ann.sync();
  const events: RoomLiveEvent[] = [];
  const ending = new AbortController();
  const following = (async () => {
    for await (const event of server.followRoom("sync", "plan", { signal: ending.signal })) events.push(event);
  })();
  await eventually("shown", () => events.length === 1);
  const ben = await RawClient.connect(`${wsUrl}/sync/plan`);
  await ben.sync();
  await eventually("changed", () => events.length === 2);
  expect(events.map((event) => event.kind === "room" && event.room.members)).toEqual([1, 2]);
  ending.abort();
  await following;
  await Promise.all([ann.close(), ben.close()]);
});

test("a topic that closes ends the stream of its followers, who are not refused", async () => {
  const client = await SignalingClient.connect(`${wsUrl}/signal`);
  client.say({ type: "subscribe", topics: ["short"] });
  await eventually("subscribed", async () => (await membersOf("short")) === 1);
  const kinds: string[] = [];
  const following = (async () => {
    for await (const { kind } of server.followRoom("signaling", "short")) kinds.push(kind);
  })();
  await eventually("followed", () => kinds.length === 1);
  await client.close();
  await following;
  expect([kinds.at(0), kinds.at(-1)]).toEqual(["room", "closed"]);
});

test("a room that is not open, and one of another kind, are refused", async () => {
  const first = async (room: string) => server.followRoom("signaling", room).next();
  await expect(first("nowhere")).rejects.toMatchObject({ status: 404, code: "no-such-room" });
  const wrong = await api.ask("GET", "/v1/rooms/other/plan/events", { token: api.keys["docs:admin"] });
  expect([wrong.status, wrong.body["code"]]).toEqual([400, "invalid-request"]);
});

test("a key for some documents follows no room", async () => {
  const { text: token } = api.keysFile.create({ name: "narrow", scope: "docs:admin", prefix: "mesh/" });
  expect((await api.ask("GET", "/v1/rooms/signaling/peers/events", { token })).status).toBe(403);
});
