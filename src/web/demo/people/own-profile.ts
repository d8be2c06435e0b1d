import { readName } from "../../shared/people/name.ts";
import { Value } from "../../shared/value.ts";
import { randomPerson } from "../room-name.ts";
import { distinctProfile, type Neighbour } from "./distinct-profile.ts";
import { type Profile, saveProfile } from "./profile.ts";
import type { WindowIdentity } from "./window-identity.ts";

/** A program that takes each colour that this window changes to would make it change for ever. */
const maxChanges = 50;

/** The name and colour of this window, which differ from those of everyone else in the room. */
export class OwnProfile {
  /** The profile that the user sees and changes. */
  readonly profile: Value<Profile>;
  readonly #window: Pick<WindowIdentity, "windowId" | "openedAt">;
  #shownName: string;
  #changes = 0;

  constructor({ windowId, openedAt, profile }: WindowIdentity) {
    this.profile = new Value(profile);
    this.#window = { windowId, openedAt };
    this.#shownName = readName(profile.name);
  }

  get identity(): WindowIdentity {
    return { ...this.#window, profile: this.profile.current };
  }

  /** The fields of the awareness state that say who this is. */
  get state(): Readonly<Record<string, unknown>> {
    const { color } = this.profile.current;
    return { user: { name: this.#shownName, color, colorLight: `${color}33` }, ...this.#window };
  }

  /** Takes what the user has entered, for this window and for those that this browser opens later. */
  change(next: Partial<Pick<Profile, "name" | "color">>): void {
    const isNameChosen = this.profile.current.isNameChosen || next.name !== undefined;
    const profile = { ...this.profile.current, ...next, isNameChosen };
    this.profile.set(profile);
    this.#shownName = readName(profile.name);
    saveProfile(profile);
  }

  /** Compares itself with the people in the room. Returns true if `state` has changed. */
  distinguish(clientId: number, people: readonly Neighbour[]): boolean {
    const { profile } = this;
    const { shownName, color, isNameTaken } = distinctProfile(
      { ...this.identity, clientId, shownName: this.#shownName },
      people,
    );
    const name = isNameTaken ? randomPerson() : profile.current.name;
    const isChanged = isNameTaken || color !== profile.current.color || shownName !== this.#shownName;
    if (!isChanged || this.#changes >= maxChanges) return false;
    this.#changes += 1;
    profile.set({ ...profile.current, name, color });
    this.#shownName = isNameTaken ? readName(name) : shownName;
    return true;
  }
}
