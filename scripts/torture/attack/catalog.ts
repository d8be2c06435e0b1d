import type { Attack } from "./attacker.ts";
import { accessAttacks } from "./plays/access.ts";
import { documentAttacks } from "./plays/documents.ts";
import { engineAttacks } from "./plays/engine.ts";
import { frameAttacks } from "./plays/frames.ts";
import { presenceAttacks } from "./plays/presence.ts";
import { signalingAttacks } from "./plays/signaling.ts";
import { updateAttacks } from "./plays/updates.ts";

/** The control: its figures are those of the machine. */
const nothing: Attack = {
  name: "nothing",
  connections: 1,
  prepare:
    () =>
    ({ leftMs }) =>
      Bun.sleep(leftMs),
};

export const attacks: readonly Attack[] = [
  nothing,
  ...engineAttacks,
  ...frameAttacks,
  ...documentAttacks,
  ...updateAttacks,
  ...presenceAttacks,
  ...signalingAttacks,
  ...accessAttacks,
];

export function findAttack(name: string): Attack | undefined {
  return attacks.find((attack) => attack.name === name);
}
