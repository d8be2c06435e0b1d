import type { SmallMap } from "../../lib/collections/small-map.ts";
import type { AwarenessTable, ClientRecord } from "./awareness-table.ts";
import type { RenewableIds } from "./renewals.ts";

/** The client ids of one member, from `joined` to `left`. */
export interface MemberIds extends RenewableIds {
  ownId: number | undefined;
  returningId: number | undefined;
  /** Whether the own id is only claimed: a member without presence may have passed on the state of another client. */
  isClaim: boolean;
  /** The clock of the last state of the own id that the member has sent; undefined once it has removed it. */
  announcedClock: number | undefined;
}

/** The member that each client id belongs to: rules (a) and (e) of `Awareness`. */
export class Primaries<Member extends object | string> {
  readonly #clients: AwarenessTable<Member>;
  readonly #members: SmallMap<Member, MemberIds>;
  /** Client ids that several members have announced as their own. */
  readonly #contested = new Set<number>();

  constructor(clients: AwarenessTable<Member>, members: SmallMap<Member, MemberIds>) {
    this.#clients = clients;
    this.#members = members;
  }

  /** Whether the primary of an id has announced it first, and not only claimed it. */
  isOwned(primary: Member | undefined): boolean {
    return primary !== undefined && this.#members.get(primary)?.isClaim === false;
  }

  /** Makes `member` the primary of an id. A member that has only claimed the id loses it. */
  make(member: Member, clientId: number): void {
    const primary = this.#clients.get(clientId)?.primary;
    if (primary === member) return;
    this.#clients.setPrimary(clientId, member);
    const loser = primary === undefined ? undefined : this.#members.get(primary);
    if (loser?.isClaim === false) this.#contested.add(clientId);
    else if (loser !== undefined) loser.ownId = undefined;
  }

  /**
   * (a) A later lone state with a new clock: its member claims the id, if it has no own one. It may have passed on the
   * state of a WebRTC peer, so it takes an id only from a member that has claimed it in the same way. Returns whether it
   * has taken it.
   */
  claim(member: Member, ids: MemberIds, clientId: number): boolean {
    if (ids.ownId !== undefined || this.isOwned(this.#clients.get(clientId)?.primary)) return false;
    ids.ownId = clientId;
    ids.isClaim = true;
    this.make(member, clientId);
    return true;
  }

  /** Takes its own id from `member`. Returns the id if it has no primary any more. */
  release(member: Member, ids: MemberIds): number | undefined {
    const { ownId } = ids;
    const client = ownId === undefined ? undefined : this.#clients.get(ownId);
    if (client?.primary !== member) return undefined;
    if (ids.isClaim) ids.ownId = undefined;
    const heir = this.#heirOf(client, member);
    this.#clients.setPrimary(client.clientId, heir);
    return heir === undefined ? client.clientId : undefined;
  }

  clear(): void {
    this.#contested.clear();
  }

  /** Returns another member that has sent the latest clock of a client as its own. */
  #heirOf({ clientId, clock }: ClientRecord<Member>, member: Member): Member | undefined {
    if (!this.#contested.has(clientId)) return undefined;
    for (const [other, { ownId, announcedClock }] of this.#members) {
      if (other !== member && ownId === clientId && announcedClock === clock) return other;
    }
    this.#contested.delete(clientId);
    return undefined;
  }
}

/** Whether an id is a member's own, or becomes it with this entry unless it is another member's. */
export function mayBeOwn({ ownId, returningId }: MemberIds, clientId: number, isLone: boolean): boolean {
  if (ownId !== undefined) return clientId === ownId;
  return isLone || clientId === returningId;
}
