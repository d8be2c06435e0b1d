import type { SmallMap } from "../../lib/collections/small-map.ts";
import type { AwarenessEntry } from "./awareness-codec.ts";
import type { AwarenessTable, ClientRecord } from "./awareness-table.ts";
import { NodeClient, type NodeClients } from "./nodes/node-clients.ts";
import type { RenewableIds } from "./renewals.ts";

/** The client ids of one member, from `joined` to `left`. */
export interface MemberIds extends RenewableIds {
  ownId: number | undefined;
  returningId: number | undefined;
  /** Whether the own id is only claimed: a member without presence may have passed on the state of another client. */
  isClaim: boolean;
  /** Whether it has sent an awareness update. */
  hasSentStates: boolean;
  /** The clock of the last state of the own id that the member has sent; undefined once it has removed it. */
  announcedClock: number | undefined;
}

/** The ids of a member, or of a client of another node, as far as its primary is sought. */
export type HolderIds = Pick<MemberIds, "ownId" | "isClaim" | "announcedClock">;

/**
 * The member that each client id belongs to: rules (a) and (e) of `Awareness`. A client of another node has the same
 * rights as a member.
 */
export class Primaries<Member extends object | string> {
  readonly #clients: AwarenessTable<Member | NodeClient>;
  readonly #members: SmallMap<Member, MemberIds>;
  /** Undefined for a server that is alone. */
  readonly #nodeClients: NodeClients | undefined;
  /** Client ids that several members have announced as their own. */
  readonly #contested = new Set<number>();

  constructor(
    clients: AwarenessTable<Member | NodeClient>,
    members: SmallMap<Member, MemberIds>,
    nodeClients?: NodeClients,
  ) {
    this.#clients = clients;
    this.#members = members;
    this.#nodeClients = nodeClients;
  }

  /** Whether the primary of an id has announced it first, and not only claimed it. */
  isOwned(primary: Member | NodeClient | undefined): boolean {
    return primary !== undefined && this.#idsOf(primary)?.isClaim === false;
  }

  /** Makes `member` the primary of an id. A member that has only claimed the id loses it. */
  make(member: Member | NodeClient, clientId: number): void {
    const primary = this.#clients.get(clientId)?.primary;
    if (primary === member) return;
    this.#clients.setPrimary(clientId, member);
    const loser = primary === undefined ? undefined : this.#idsOf(primary);
    if (loser?.isClaim === false) this.#contested.add(clientId);
    else if (loser !== undefined) loser.ownId = undefined;
  }

  /** Reports that a further member announces the id that is the own one of its primary. */
  contest(clientId: number): void {
    this.#contested.add(clientId);
  }

  /** The member of this node that is the primary of a client, or becomes it when the primary leaves. */
  holderOf(client: ClientRecord<Member | NodeClient>): HolderIds | undefined {
    const { primary } = client;
    if (primary !== undefined && !(primary instanceof NodeClient)) return this.#members.get(primary);
    if (!this.#contested.has(client.clientId)) return undefined;
    for (const [, ids] of this.#members) if (isHeir(ids, client)) return ids;
    return undefined;
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
  release(member: Member | NodeClient, ids: HolderIds): number | undefined {
    const { ownId } = ids;
    ids.announcedClock = undefined;
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

  #idsOf(primary: Member | NodeClient): HolderIds | undefined {
    return primary instanceof NodeClient ? primary : this.#members.get(primary);
  }

  /** Returns another member that has sent the latest clock of a client as its own. */
  #heirOf(client: ClientRecord<Member | NodeClient>, member: Member | NodeClient): Member | NodeClient | undefined {
    const { clientId } = client;
    if (!this.#contested.has(clientId)) return undefined;
    for (const [other, ids] of this.#members) if (other !== member && isHeir(ids, client)) return other;
    for (const other of this.#nodeClients?.withId(clientId) ?? []) {
      if (other !== member && isHeir(other, client)) return other;
    }
    this.#contested.delete(clientId);
    return undefined;
  }
}

function isHeir({ ownId, announcedClock }: HolderIds, { clientId, clock }: ClientRecord<unknown>): boolean {
  return ownId === clientId && announcedClock === clock;
}

/** Records that a member has sent its own id. Returns false if it has sent the same clock before. */
export function announce(ids: HolderIds, { clock, state }: Pick<AwarenessEntry, "clock" | "state">): boolean {
  const before = ids.announcedClock;
  ids.announcedClock = state === undefined ? undefined : clock;
  return ids.announcedClock !== before;
}

/** Whether an id is a member's own, or becomes it with this entry unless it is another member's. */
export function mayBeOwn({ ownId, returningId }: MemberIds, clientId: number, isLone: boolean): boolean {
  if (ownId !== undefined) return clientId === ownId;
  return isLone || clientId === returningId;
}
