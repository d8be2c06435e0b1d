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

export interface RenewalsOptions<Member> {
  readonly clock: Clock;
  readonly audience: Pick<AwarenessAudience<Member>, "requestRenewal">;
}

export interface RenewalsOwner<Member> {
  clientOf(clientId: number): ClientRecord<Member> | undefined;
}

const intervalMs = 1_000;

/** The requests to members to announce themselves again: rules (b) and (c) of `Awareness`. */
export class Renewals<Member> {
  readonly #options: RenewalsOptions<Member>;
  readonly #owner: RenewalsOwner<Member>;
  readonly #tasks = new Map<Member, PacedTask>();

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

  /** Renews the client of `member`, at most once per second. `ids` are read when that is done. */
  request(member: Member, ids: RenewableIds): void {
    let task = this.#tasks.get(member);
    if (task === undefined) {
      task = new PacedTask({ task: () => this.#renewNow(member, ids), intervalMs, clock: this.#options.clock });
      this.#tasks.set(member, task);
    }
    task.request();
  }

  left(member: Member): void {
    this.#tasks.get(member)?.cancel();
    this.#tasks.delete(member);
  }

  #renewNow(member: Member, ids: RenewableIds): void {
    const client = this.#renewable(member, ids);
    if (client !== undefined) this.renew(member, client);
  }

  /** The client of `member` if it has a state, or the one that may be returning if it is gone. */
  #renewable(member: Member, { ownId, returningId }: RenewableIds): ClientRecord<Member> | undefined {
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
