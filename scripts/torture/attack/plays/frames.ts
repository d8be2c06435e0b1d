import { frame, frameHead, repeated } from "../attack-socket.ts";
import type { Attack } from "../attacker.ts";
import { forever } from "./engine.ts";

const unfinishedBytes = 95 * 2 ** 20;
const chunk = new Uint8Array(256 * 1024);
const paths = { signal: "/signal", sync: "/sync/frames", collab: "/collab" } as const;
/** A complete frame, without which a client may hold less. */
const firstFrame = frame(new Uint8Array(1));
/** A message of no protocol; y-webrtc's ping is answered. */
const tinyFrames = { signal: frame('{"type":"ping"}'), sync: frame(Uint8Array.of(100)) } as const;

export const frameAttacks: readonly Attack[] = [
  ...(["signal", "sync", "collab"] as const).map(
    (path): Attack => ({
      name: `unfinished-frames-${path}`,
      connections: 6,
      // Every second connection completes a small frame before; no last chunk is ever sent.
      prepare: () => (attacker, index) =>
        attacker.pour(paths[path], function* () {
          if (index % 2 === 1) yield firstFrame;
          yield frameHead(unfinishedBytes);
          for (let sent = 0; sent + chunk.byteLength < unfinishedBytes; sent += chunk.byteLength) yield chunk;
        }),
    }),
  ),
  ...(["signal", "sync"] as const).map(
    (path): Attack => ({
      name: `tiny-frames-${path}`,
      connections: 10,
      prepare: () => {
        const frames = repeated(tinyFrames[path]);
        return (attacker) => attacker.pour(paths[path], () => forever(frames));
      },
    }),
  ),
  ...(["signal", "sync"] as const).map(
    (path): Attack => ({
      name: `fragments-${path}`,
      connections: 10,
      prepare: () => {
        const begin = frame(new Uint8Array(1), { isLast: false });
        const fragments = repeated(frame(new Uint8Array(1), { opcode: "continuation", isLast: false }));
        return (attacker) =>
          attacker.pour(paths[path], function* () {
            yield begin;
            yield* forever(fragments);
          });
      },
    }),
  ),
  {
    // The answers are not read.
    name: "websocket-pings",
    connections: 10,
    prepare: () => {
      const pings = repeated(frame(new Uint8Array(125), { opcode: "ping" }));
      return (attacker) =>
        attacker.pour(paths.sync, (socket) => {
          socket.pause();
          return forever(pings);
        });
    },
  },
  {
    name: "collab-pings",
    connections: 50,
    prepare: () => {
      const pings = repeated(frame(Uint8Array.of(9)));
      return (attacker) => attacker.pour(paths.collab, () => forever(pings));
    },
  },
  {
    name: "upgrades",
    connections: 50,
    prepare: () => async (attacker) => {
      for (const path of Object.values(paths)) (await attacker.open(path))?.destroy();
    },
  },
];
