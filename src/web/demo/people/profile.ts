import { randomPerson } from "../room-name.ts";

export interface Profile {
  readonly name: string;
  readonly color: string;
}

const storageKey = "yurt.identity";

/** Dark enough for a caret on paper, light enough for one on slate. */
const colors = ["#b4532a", "#8a6d00", "#3f7d3a", "#0f7f86", "#2f6fc4", "#7a5cc9", "#b2478f", "#a8434b"];

/** Who this browser's user was last time, or somebody new. */
export function loadProfile(): Profile {
  const fresh = { name: randomPerson(), color: colors[Math.floor(Math.random() * colors.length)] ?? "#0f7f86" };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(storageKey) ?? "{}");
    return { ...fresh, ...(stored as Partial<Profile>) }; // written by saveProfile alone
  } catch {
    return fresh;
  }
}

export function saveProfile(profile: Profile): void {
  try {
    localStorage.setItem(storageKey, JSON.stringify(profile));
  } catch {
    // A browser that stores nothing forgets the name; the page works all the same.
  }
}
