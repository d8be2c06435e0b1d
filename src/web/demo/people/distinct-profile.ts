import { freeColor, isAlike } from "../../shared/people/color.ts";
import { readName } from "../../shared/people/name.ts";
import type { Person } from "./person.ts";
import type { WindowIdentity } from "./window-identity.ts";

/** The parts of another person's presence that names and colours are compared with. */
export type Neighbour = Pick<Person, "clientId" | "name" | "color" | "windowId" | "openedAt">;

export interface OwnIdentity extends WindowIdentity {
  readonly clientId: number;
  /** The name that the others see now. */
  readonly shownName: string;
}

export interface DistinctProfile {
  /** The name to show to the others. */
  readonly shownName: string;
  /** The colour, which is to be kept. */
  readonly color: string;
  /** True when the random name is taken, so that a new one is needed. */
  readonly isNameTaken: boolean;
}

/**
 * Finds a name and a colour for this window that nobody in the room has.
 *
 * If two windows look alike, the one that was opened later changes, so exactly one of them does. A window compares
 * itself with earlier ones only: two that compared themselves with each other might change for ever. Programs that do not
 * say when they were opened never change.
 */
export function distinctProfile(
  { windowId, openedAt, profile, clientId, shownName }: OwnIdentity,
  people: readonly Neighbour[],
): DistinctProfile {
  const others = people.filter((person) => person.clientId !== clientId && person.windowId !== windowId);
  const earlier = others.filter((other) => isEarlier(other, { clientId, openedAt }));
  const isColorTaken = earlier.some(({ color }) => isAlike(color, profile.color));
  const color = isColorTaken ? freeColor(others.map((other) => other.color)) : profile.color;
  const name = readName(profile.name);
  const isFree = (candidate: string) => !earlier.some((other) => isSameName(other.name, candidate));
  if (isFree(name)) return { shownName: name, color, isNameTaken: false };
  const isKept = shownName.startsWith(`${name} `) && isFree(shownName);
  return { shownName: isKept ? shownName : numbered(name, isFree), color, isNameTaken: !profile.isNameChosen };
}

function isEarlier(other: Neighbour, own: { readonly clientId: number; readonly openedAt: number }): boolean {
  if (other.openedAt === undefined || other.openedAt < own.openedAt) return true;
  return other.openedAt === own.openedAt && other.clientId < own.clientId;
}

function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function numbered(name: string, isFree: (candidate: string) => boolean): string {
  for (let number = 2; ; number += 1) {
    const candidate = `${name} ${number}`;
    if (isFree(candidate)) return candidate;
  }
}
