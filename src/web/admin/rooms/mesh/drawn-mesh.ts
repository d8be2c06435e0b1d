import type { RoomMember } from "../../../../client/server/facts.ts";
import { memberName } from "../members/member-name.ts";
import type { Pair } from "./mesh-layout.ts";
import { type FlowLink, type Freshness, freshnessOf } from "./message-flow.ts";

export interface DrawnMember {
  readonly id: string;
  readonly name: string;
  readonly protocol: string;
}

export interface DrawnLink extends Pair {
  readonly count: number;
  readonly freshness: Freshness;
}

/** The part of a room that a graph shows. */
export interface Mesh {
  readonly members: readonly DrawnMember[];
  readonly pairs: readonly Pair[];
  readonly links: readonly DrawnLink[];
}

/** More members are not told apart in a graph; the table has all of them. */
export const mostDrawn = 300;
const mostLinks = 300;

/** The part of a room that the graph shows: the first members, and the latest links between them. */
export function drawnMesh(memberList: readonly RoomMember[], links: readonly FlowLink[], now: number): Mesh {
  const members = memberList.slice(0, mostDrawn).map((member) => ({
    id: member.id,
    name: memberName(member),
    protocol: member.protocol,
  }));
  const drawn = new Set(members.map(({ id }) => id));
  const directed = links.flatMap(({ count, from, lastAt, to }) =>
    to !== null && to !== from && drawn.has(from) && drawn.has(to) ? [{ from, to, count, lastAt }] : [],
  );
  const latest = directed
    .map(({ lastAt, ...link }) => ({ ...link, lastAt, freshness: freshnessOf({ lastAt }, now) }))
    .filter(({ freshness }) => freshness > 0)
    .sort((one, other) => other.lastAt - one.lastAt)
    .slice(0, mostLinks);
  return {
    members,
    pairs: pairsOf(directed),
    links: latest.map(({ count, freshness, from, to }) => ({ from, to, count, freshness })),
  };
}

/** Each pair once, whoever sent first. */
function pairsOf(links: readonly Pair[]): readonly Pair[] {
  const seen = new Set<string>();
  return links.flatMap(({ from, to }) => {
    const [first, second] = from < to ? [from, to] : [to, from];
    const key = `${first} ${second}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return [{ from: first, to: second }];
  });
}
