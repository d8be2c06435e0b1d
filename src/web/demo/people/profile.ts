import { randomPerson } from "../room-name.ts";

export interface Profile {
  readonly name: string;
  readonly color: string;
}

const storageKey = "yurt.identity";

/** Each colour is visible as a caret on the light and on the dark background. */
const colors = ["#b4532a", "#8a6d00", "#3f7d3a", "#0f7f86", "#2f6fc4", "#7a5cc9", "#b2478f", "#a8434b"];

/** The profile that this browser stored, or a random one. */
export function loadProfile(): Profile {
  const fresh = { name: randomPerson(), color: colors[Math.floor(Math.random() * colors.length)] ?? "#0f7f86" };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "{}");
    return { ...fresh, ...(stored as Partial<Profile>) }; // only saveProfile writes it
  } catch {
    return fresh;
  }
}

export function saveProfile(profile: Profile): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(profile));
  } catch {
    // A browser may refuse to store anything. The page then works without remembering the profile.
  }
}
