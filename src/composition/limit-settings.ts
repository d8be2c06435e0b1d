import { defaultLimits, type Limits } from "./limits.ts";

/** These have settings of their own. */
const elsewhere: ReadonlySet<string> = new Set<keyof Limits>([
  "documentMemoryBytes",
  "connectionsPerAddress",
  "addressUpgradesPerSecond",
  "signalingRoomMembers",
  "publishesPerSecond",
  "fanOutDeliveries",
]);

const limits: ReadonlyMap<string, string> = new Map(
  Object.keys(defaultLimits)
    .filter((limit) => !elsewhere.has(limit))
    .map((limit) => [limit.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), limit]),
);

/** The names by which limits are set: those of `Limits`, with hyphens. */
export const limitNames: readonly string[] = [...limits.keys()];

/** Reads `name=number,…`; undefined for anything else: numbers are whole, from 1, and each name stands once. */
export function parseLimits(text: string): Partial<Limits> | undefined {
  const parsed = new Map<string, number>();
  for (const setting of text === "" ? [] : text.split(",")) {
    const [, name = "", digits] = /^\s*([a-z-]+)=([1-9]\d{0,14})\s*$/.exec(setting) ?? [];
    const limit = limits.get(name);
    if (limit === undefined || parsed.has(limit)) return undefined;
    parsed.set(limit, Number(digits));
  }
  return Object.fromEntries(parsed);
}
