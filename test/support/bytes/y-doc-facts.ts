import * as Y from "yjs";
import { Ranges } from "../../../src/lib/ranges.ts";
import type { IdSet } from "../../../src/relay/update/id-set.ts";
import type { UpdateContents } from "../../../src/relay/update/update-contents.ts";

/** Clock ranges by client, in an order that makes them comparable. */
export type Clocks = readonly (readonly [client: number, ranges: readonly (readonly [start: number, end: number])[]])[];

/** The structs that Yjs itself reads from updates, Skips left out. */
export function structsOf(updates: readonly Uint8Array[]): Clocks {
  return clocks(updates.flatMap((update) => structRanges(Y.decodeUpdate(update))));
}

/** The deletes that Yjs itself reads from updates. */
export function deletesOf(updates: readonly Uint8Array[]): Clocks {
  return clocks(updates.flatMap((update) => deleteRanges(Y.decodeUpdate(update).ds)));
}

/** The structs in a document, integrated or pending. */
export function structsIn({ store }: Y.Doc): Clocks {
  const integrated = [...store.clients.values()].flat().map(({ id, length }) => [id.client, id.clock, length] as const);
  const pending = store.pendingStructs === null ? [] : structRanges(Y.decodeUpdateV2(store.pendingStructs.update));
  return clocks([...integrated, ...pending]);
}

/** The deletes in a document, applied or pending. */
export function deletesIn({ store }: Y.Doc): Clocks {
  const applied = deleteRanges(Y.createDeleteSetFromStructStore(store));
  const pending = store.pendingDs === null ? [] : deleteRanges(Y.decodeUpdateV2(store.pendingDs).ds);
  return clocks([...applied, ...pending]);
}

/** The clocks of a set. */
export function clocksIn(set: IdSet): Clocks {
  return [...set].map(([client, ranges]) => [client, [...ranges]] as const).sort(([left], [right]) => left - right);
}

/** Contents, comparable: a comparison of two sets looks at no private field. */
export function shownContents({ structs, deletes, ...rest }: UpdateContents): unknown {
  return { ...rest, structs: clocksIn(structs), deletes: clocksIn(deletes) };
}

type Range = readonly [client: number, clock: number, length: number];

function structRanges({ structs }: { structs: (Y.Item | Y.GC | Y.Skip)[] }): Range[] {
  return structs
    .filter((it) => !(it instanceof Y.Skip))
    .map(({ id, length }) => [id.client, id.clock, length] as const);
}

function deleteRanges({ clients }: ReturnType<typeof Y.createDeleteSet>): Range[] {
  return [...clients].flatMap(([client, items]) => items.map(({ clock, len }) => [client, clock, len] as const));
}

function clocks(ranges: readonly Range[]): Clocks {
  const byClient = new Map<number, Ranges>();
  for (const [client, clock, length] of ranges) {
    const merged = byClient.get(client) ?? new Ranges();
    merged.add(clock, clock + length);
    byClient.set(client, merged);
  }
  return [...byClient]
    .sort(([left], [right]) => left - right)
    .map(([client, merged]) => [client, [...merged]] as const);
}
