import type { RoomMember } from "../../../../client/server/facts.ts";
import { protocolName } from "../../parts/protocol-name.ts";

/** The name that is shown for a member: its user, or else its number, because most clients have no user id. */
export function memberName({ id, user }: Pick<RoomMember, "id" | "user">): string {
  return user === null || user === "" ? `Member ${id}` : user;
}

/** The members in which a text occurs, in any of the columns that are shown. */
export function findMembers(members: readonly RoomMember[], text: string): readonly RoomMember[] {
  const sought = text.trim().toLowerCase();
  if (sought === "") return members;
  return members.filter((member) =>
    [memberName(member), protocolName(member.protocol), member.address].some((shown) =>
      shown.toLowerCase().includes(sought),
    ),
  );
}

/** Members with a key each. One connection of Hocuspocus may be in a document twice. */
export function keyedMembers(members: readonly RoomMember[]): readonly (RoomMember & { readonly key: string })[] {
  const seen = new Map<string, number>();
  return members.map((member) => {
    const count = seen.get(member.id) ?? 0;
    seen.set(member.id, count + 1);
    return { ...member, key: `${member.id} ${count}` };
  });
}
