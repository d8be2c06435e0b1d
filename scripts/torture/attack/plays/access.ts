import { frame } from "../attack-socket.ts";
import type { Attack, Attacker } from "../attacker.ts";

/** The part of a room's name for which the application's webhook answers with a large compressed body. */
export const bombRoom = "bomb";

/** A token with a well-formed head, as an attacker makes it, and another body each time. */
function forgedToken(attacker: Attacker): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: `attacker ${attacker.next()}`, rooms: ["**"], exp: 2 ** 32 };
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${Buffer.alloc(32, attacker.next()).toString("base64url")}`;
}

async function knock(attacker: Attacker, path: string): Promise<void> {
  const socket = await attacker.open(path);
  await Promise.race([socket?.closed, Bun.sleep(Math.min(1_000, attacker.leftMs))]);
  socket?.destroy();
}

export const accessAttacks: readonly Attack[] = [
  {
    name: "webhook-bombs",
    connections: 20,
    server: "webhook",
    prepare: () => (attacker) => knock(attacker, `/sync/${bombRoom}-${attacker.next()}?token=${attacker.next()}`),
  },
  {
    name: "webhook-cache",
    connections: 50,
    server: "webhook",
    prepare: () => (attacker) => knock(attacker, `/sync/denied-${attacker.next()}?token=${"x".repeat(2_000)}`),
  },
  {
    name: "webhook-documents",
    connections: 5,
    server: "webhook",
    prepare: () => (attacker) =>
      attacker.pour("/signal", function* () {
        for (;;) {
          const topics = Array.from({ length: 100 }, () => `denied ${attacker.next()} ${"x".repeat(200)}`);
          yield frame(JSON.stringify({ type: "subscribe", topics }));
        }
      }),
  },
  {
    name: "token-cache",
    connections: 50,
    server: "token",
    prepare: () => (attacker) => knock(attacker, `/sync/denied?token=${forgedToken(attacker)}`),
  },
  {
    name: "token-validations",
    connections: 20,
    server: "token",
    prepare: () => async (attacker) => {
      while (!attacker.isOver) {
        await attacker.request(`/api/validate?room=notes&token=${forgedToken(attacker)}`);
        await attacker.request("/api/rooms", { headers: { authorization: `Bearer ${forgedToken(attacker)}` } });
      }
    },
  },
  {
    name: "terminal",
    connections: 20,
    server: "terminal",
    prepare: () => async (attacker) => {
      // Names with control characters, and such that are too long, are refused, and the refusal is logged.
      const name = encodeURIComponent(`\u001b[2J\u0007${"\u202e名前".repeat(30)}${attacker.next()}`);
      await knock(attacker, `/sync/${name}`);
      await attacker.pour("/signal", () => [frame("{".repeat(60_000))]);
      await attacker.pour(`/sync/log-${attacker.next()}`, () => [frame(Uint8Array.of(0, 2, 255, 255, 255, 255))]);
    },
  },
];
