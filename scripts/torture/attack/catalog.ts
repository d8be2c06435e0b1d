import type { Attack } from "./attacker.ts";
import { accessAttacks } from "./plays/access.ts";
import { documentAttacks } from "./plays/documents.ts";
import { engineAttacks } from "./plays/engine.ts";
import { frameAttacks } from "./plays/frames.ts";
import { presenceAttacks } from "./plays/presence.ts";
import { signalingAttacks } from "./plays/signaling.ts";
import { updateAttacks } from "./plays/updates.ts";

export const attacks: readonly Attack[] = [
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
