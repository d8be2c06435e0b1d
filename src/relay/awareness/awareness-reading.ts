import type { RelayLimits } from "../limits.ts";
import { type AwarenessEntry, AwarenessReader, type EntryHead, removalBytes } from "./awareness-codec.ts";
import type { AwarenessOwner } from "./awareness-owner.ts";
import type { AwarenessTable } from "./awareness-table.ts";
import type { DropCounts } from "./drop-counts.ts";
import type { NodeClient } from "./nodes/node-clients.ts";
import type { MemberIds } from "./primaries.ts";

/** The parts of an awareness that its updates are read for. */
export interface ReadingParts<Member extends object | string> {
  readonly limits: RelayLimits;
  readonly clients: AwarenessTable<Member | NodeClient>;
  readonly drops: DropCounts;
  readonly owner: AwarenessOwner<Member>;
}

/** The part of an update that is read at once, which takes up to 2 ms, whatever it holds. */
const step = { entries: 1_000, bytes: 2 ** 17 };

/** Reads the updates of members, as far as they can change the table. */
export class AwarenessReading<Member extends object | string> {
  readonly #parts: ReadingParts<Member>;

  constructor(parts: ReadingParts<Member>) {
    this.#parts = parts;
  }

  /** Returns undefined for an update that is too large: presence must not end the session. */
  open(member: Member, body: Uint8Array): AwarenessReader | undefined {
    const { limits, owner } = this.#parts;
    if (body.byteLength <= limits.awarenessFrameBytes) return new AwarenessReader(body);
    owner.dropped(member, "limits.awareness-frame-bytes", { count: 1, detail: `${body.byteLength} bytes` });
    return undefined;
  }

  /**
   * Reads the next entries of an update. Most of what members send again is known: such a state is not read, unless it
   * can be the member's own. Nor is the state of a new id for which the member has no place.
   */
  read(member: Member, { ownId }: MemberIds, reader: AwarenessReader): readonly AwarenessEntry[] {
    const { clients, drops, limits, owner } = this.#parts;
    owner.accountOf(member).spend("ids", Math.min(reader.left, step.entries));
    const hasPlace = clients.hasPlaceFor(member);
    let refused = 0;
    const isNeeded = ({ clientId, clock, bytes }: EntryHead) => {
      if (reader.count === 1 || clientId === ownId) return true;
      const client = clients.get(clientId);
      if (client !== undefined) return clock > client.clock;
      if (hasPlace || bytes === removalBytes) return true;
      refused += 1;
      return false;
    };
    const entries = reader.read({ ...step, stateLength: limits.awarenessStateLength, isNeeded });
    const { awarenessClientsPerConnection: places } = limits;
    const detail = () => `${refused} more than ${places} client ids`;
    if (refused > 0) drops.add("limits.awareness-clients-per-connection", detail, refused);
    return entries;
  }
}
