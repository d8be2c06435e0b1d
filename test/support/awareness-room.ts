import { defaultLimits } from "../../src/composition/settings/limits.ts";
import { Ticker } from "../../src/lib/time/ticker.ts";
import { Awareness } from "../../src/relay/awareness/awareness.ts";
import type { AwarenessAudience } from "../../src/relay/awareness/awareness-audience.ts";
import { type AwarenessEntry, decodeAwareness, encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import type { RoomNodes } from "../../src/relay/awareness/nodes/node-presence.ts";
import { FakeClock } from "./fakes/fake-clock.ts";
import { FakeConnection } from "./fakes/fake-connection.ts";
import { testPulse } from "./test-pulse.ts";

/** The state is JSON; null removes the client. */
export type Entries = readonly (readonly [clientId: number, clock: number, state: string | null])[];

export interface RoomSurroundings {
  readonly clock?: FakeClock;
  /** The other nodes of a cluster. */
  readonly nodes?: RoomNodes;
}

/** A room of which the members are names. The entries that each was sent, alone or with all, are recorded in order. */
export function awarenessRoom(limits = defaultLimits, { clock = new FakeClock(), nodes }: RoomSurroundings = {}) {
  const told = new Map<string, Entries[]>();
  const broadcasts: Entries[] = [];
  const subscribed: string[] = [];
  const dropped: (readonly [member: string, bound: string, detail: string, count: number])[] = [];
  /** The account of the work that is done for all members. */
  const account = new FakeConnection("account");
  const entriesOf = (body: Uint8Array): Entries =>
    decodeAwareness(body).map((entry) => [entry.clientId, entry.clock, entry.state ?? null]);
  const tell = (member: string, body: Uint8Array) => told.set(member, [...(told.get(member) ?? []), entriesOf(body)]);
  const audience: AwarenessAudience<string> = {
    publishAwareness: (body) => void broadcasts.push(entriesOf(body)),
    sendAwareness: tell,
    requestRenewal: tell,
    subscribeToAwareness: (member) => void subscribed.push(member),
  };
  const awareness = new Awareness<string>(
    { clock, limits, audience, nodes },
    {
      dropped: (member, bound, { count, detail }) =>
        void dropped.push([member ?? "another node", bound, detail, count]),
      accountOf: () => account,
    },
  );
  new Ticker({ intervalMs: 5_000, pulse: testPulse(clock) }).add({ tick: () => awareness.removeExpired() });
  const say = (member: string, ...entries: Entries) => void awareness.updateReceived(member, encodeEntries(entries));
  /** Connects as y-websocket does: SyncStep1 and its own state in the same instant. */
  const connect = (member: string, clientId: number, at: number) => {
    awareness.joined(member);
    awareness.frameReceived(member);
    say(member, [clientId, at, `{"of":"${member}"}`]);
  };
  /** Connects as a client without presence does. */
  const observe = (...members: readonly string[]) => {
    for (const member of members) {
      awareness.joined(member);
      awareness.frameReceived(member);
    }
    clock.advance(100);
  };
  const take = (member: string): Entries[] => {
    const entries = told.get(member) ?? [];
    told.delete(member);
    return entries;
  };
  const takeBroadcasts = (): Entries[] => broadcasts.splice(0);
  /** Lets everything be broadcast, and forgets it. */
  const quiet = () => {
    clock.advance(30);
    takeBroadcasts();
    clock.advance(30);
  };
  return { awareness, clock, quiet, say, connect, observe, take, takeBroadcasts, subscribed, dropped, account };
}

export function encodeEntries(entries: Entries): Uint8Array {
  return encodeAwareness(
    entries.map(([clientId, clock, state]): AwarenessEntry => ({ clientId, clock, state: state ?? undefined })),
  );
}
