/**
 * One attack: `bun attacker-process.ts <port> <attack> <seconds> <connections> <address> <bytes per second>`.
 *
 * It sends "ready" to its parent, begins when it receives any message, and ends with an `AttackReport`.
 */
import { setPriority } from "node:os";
import { Attacker, type Play } from "./attacker.ts";
import { findAttack } from "./catalog.ts";

/** The last message to the parent. */
export interface AttackReport {
  readonly sentBytes: number;
  /** How many times a connection has begun. */
  readonly plays: number;
}

/** The pause after a play, so that a refusal is not answered by a busy loop in this process. */
const pauseMs = 5;

/**
 * Attacks share the cores with the honest clients, whose own delays would be measured otherwise. A core that nothing else
 * uses is theirs alone.
 */
const priority = 10;

setPriority(priority);
const [port, name = "", seconds, connections, address = "", bytesPerSecond] = process.argv.slice(2);
const attack = findAttack(name);
if (attack === undefined) throw new Error(`there is no attack ${name}`);
const play = await attack.prepare();
process.send?.("ready");
await new Promise((resolve) => process.once("message", resolve));
const attacker = new Attacker({
  port: Number(port),
  address,
  seconds: Number(seconds),
  bytesPerSecond: Number(bytesPerSecond),
});
let plays = 0;
await Promise.all(Array.from({ length: Number(connections) }, (_, index) => playOn(play, index)));
const report: AttackReport = { sentBytes: attacker.sentBytes, plays };
process.send?.(report);
process.disconnect?.();
process.exit(0);

async function playOn(play: Play, index: number): Promise<void> {
  while (!attacker.isOver) {
    plays += 1;
    await play(attacker, index);
    await Bun.sleep(pauseMs);
  }
}
