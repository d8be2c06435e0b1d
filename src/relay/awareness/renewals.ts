import type { SmallMap } from "../../lib/collections/small-map.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { PacedTask } from "../../lib/time/paced-task.ts";
import type { AwarenessAudience } from "./awareness-audience.ts";
import { type AwarenessEntry, encodeAwareness } from "./awareness-codec.ts";
import type { ClientRecord } from "./awareness-table.ts";

/** The ids by which a member can be asked to announce itself again. */
export interface RenewableIds {
  /** The client id that the member announces as its own. The id's primary can be another member that does so too. */
  readonly ownId: number | undefined;
  /** The id that a member without an own id was asked about, because it may be returning with it. */
  readonly returningId: number | undefined;
}

export interface RenewalsOptions<Member extends object | string> {
  readonly clock: Clock;
  readonly audience: Pick<AwarenessAudience<Member>, "requestRenewal">;
}

export interface RenewalsOwner<Member extends object | string> {
  readonly members: SmallMap<Member, RenewableIds>;
  clientOf(clientId: number): ClientRecord<unknown> | undefined;
}

const intervalMs = 1_000;

/** The requests to one member that are due. */
interface Due {
  readonly task: PacedTask;
  /** Whether it is asked whatever its clock. */
  isAsked: boolean;
  /** The clock that it has to exceed. */
  above: number;
}

/** The requests to members to announce themselves again: rules (b) and (c) of `Awareness`. */
export class Renewals<Member extends object | string> {
  readonly #options: RenewalsOptions<Member>;
  readonly #owner: RenewalsOwner<Member>;
  readonly #due = new Map<Member, Due>();

  constructor(options: RenewalsOptions<Member>, owner: RenewalsOwner<Member>) {
    this.#options = options;
    this.#owner = owner;
  }

  /**
   * (b) Makes the client of `member` announce its state again with a higher clock.
   *
   * A state is sent back with the next clock, which y-protocols takes over like that of another client; the application
   * sees no change. A removal with the known clock makes y-protocols raise its clock and keep its state, but it reports
   * the removal to the application.
   */
  renew(member: Member, { clientId, clock, state }: AwarenessEntry): void {
    const entry = { clientId, clock: state === undefined ? clock : clock + 1, state };
    this.#options.audience.requestRenewal(member, encodeAwareness([entry]));
  }

  /** Renews the client of `member`, at most once per second. The ids of the member are read when that is done. */
  request(member: Member): void {
    const due = this.#dueOf(member);
    due.isAsked = true;
    due.task.request();
  }

  /** As `request`, unless the clock of the client is above the one given by then: that is known to others. */
  requestAbove(member: Member, clock: number): void {
    const due = this.#dueOf(member);
    due.above = Math.max(due.above, clock);
    due.task.request();
  }

  /**
   * (c) A client that comes back has dropped the states of the others, and accepts them only with higher clocks. `except` is
   * its member, if it is one of this node.
   */
  requestOthers(except?: Member): void {
    for (const member of this.#owner.members.keys()) if (member !== except) this.request(member);
  }

  left(member: Member): void {
    this.#due.get(member)?.task.cancel();
    this.#due.delete(member);
  }

  #dueOf(member: Member): Due {
    const known = this.#due.get(member);
    if (known !== undefined) return known;
    const task = new PacedTask({ task: () => this.#renewNow(member), intervalMs, clock: this.#options.clock });
    const due = { task, isAsked: false, above: -1 };
    this.#due.set(member, due);
    return due;
  }

  #renewNow(member: Member): void {
    const due = this.#dueOf(member);
    const { isAsked, above } = due;
    Object.assign(due, { isAsked: false, above: -1 });
    const client = this.#renewable(member);
    if (client === undefined) return;
    const { clientId, clock } = client;
    if (clock < above) this.renew(member, { clientId, clock: above, state: undefined });
    else if (isAsked || clock === above) this.renew(member, client);
  }

  /** The client of `member` if it has a state, or the one that may be returning if it is gone. */
  #renewable(member: Member): ClientRecord<unknown> | undefined {
    const { ownId, returningId } = this.#owner.members.get(member) ?? {};
    const id = ownId ?? returningId;
    const client = id === undefined ? undefined : this.#owner.clientOf(id);
    if (client === undefined) return undefined;
    const isOwn = client.state !== undefined && client.primary === member;
    return (ownId === undefined ? isGone(client) : isOwn) ? client : undefined;
  }
}

/** Whether no member has an id that is known. */
export function isGone({ state, primary }: ClientRecord<unknown>): boolean {
  return state === undefined && primary === undefined;
}
