import { isRecord } from "../../shared/foreign-json.ts";
import { Stored } from "../../shared/stored.ts";
import { loadProfile, type Profile, readProfile } from "./profile.ts";

/** This window as one person, over reloads. */
export interface WindowIdentity {
  /** Random. Another state in the room with the same id is this window before its reload. */
  readonly windowId: string;
  /** When this window was opened, in epoch milliseconds: of two windows that look alike, the later one changes. */
  readonly openedAt: number;
  readonly profile: Profile;
}

const stored = new Stored("session", "yurt.window");

/**
 * The identity of this window, which a reload keeps.
 *
 * It is stored only between two loads: a tab that the browser duplicates gets a copy of the storage, and must not become
 * the same person.
 */
export function takeWindowIdentity(): WindowIdentity {
  const kept = readIdentity(stored.read());
  stored.remove();
  return kept ?? { windowId: randomId(), openedAt: Date.now(), profile: loadProfile() };
}

/** Stores what `current` returns when the page is left. */
export function keepWindowIdentity(current: () => WindowIdentity): void {
  addEventListener("pagehide", () => stored.write(current()));
  // The page may come back from the browser's cache.
  addEventListener("pageshow", () => stored.remove());
}

function readIdentity(value: unknown): WindowIdentity | undefined {
  if (!isRecord(value)) return undefined;
  const { windowId, openedAt } = value;
  const profile = readProfile(value["profile"]);
  if (typeof windowId !== "string" || typeof openedAt !== "number" || profile === undefined) return undefined;
  return { windowId, openedAt, profile };
}

/** `crypto.randomUUID` exists in secure contexts only. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(3)), (number) => number.toString(36)).join("");
}
