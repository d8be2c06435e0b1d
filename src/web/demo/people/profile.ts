import { isRecord } from "../../shared/foreign-json.ts";
import { colors, randomOf, readColor } from "../../shared/people/color.ts";
import { Stored } from "../../shared/stored.ts";
import { randomPerson } from "../room-name.ts";

export interface Profile {
  readonly name: string;
  readonly color: string;
  /** True when the user has typed the name, false for a random one. */
  readonly isNameChosen: boolean;
}

const browserProfile = new Stored("local", "yurt.identity");

/** The profile of this browser. A random one is stored at the first visit. */
export function loadProfile(): Profile {
  const stored = readProfile(browserProfile.read());
  if (stored !== undefined) return stored;
  const fresh = { name: randomPerson(), color: randomOf(colors), isNameChosen: false };
  saveProfile(fresh);
  return fresh;
}

export function saveProfile(profile: Profile): void {
  browserProfile.write(profile);
}

/** Reads a stored profile; undefined when it is none. */
export function readProfile(value: unknown): Profile | undefined {
  if (!isRecord(value)) return undefined;
  const { name } = value;
  const color = readColor(value["color"]);
  if (typeof name !== "string" || color === undefined) return undefined;
  return { name, color, isNameChosen: value["isNameChosen"] !== false };
}
