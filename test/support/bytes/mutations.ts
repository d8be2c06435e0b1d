import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { RandomEditor } from "../clients/random-editors.ts";
import type { Random } from "./random.ts";
import { bytes, gc, item, sequence, skip, string, updateBytes, type Write } from "./update-bytes.ts";

const empty = Uint8Array.of(0, 0);

/** The updates of two editors, and merges of some of them. */
export function session(random: Random): readonly Uint8Array[] {
  const editors = [new RandomEditor(random), new RandomEditor(random)];
  for (let step = 0; step < 8; step += 1) {
    const editor = random.pick(editors);
    editor.edit();
    if (random.chance(0.4)) random.pick(editors).receive(Y.encodeStateAsUpdate(editor.doc));
  }
  const sent = editors.flatMap((editor) => editor.sent);
  const merged = [0.2, 0.5, 1].map((share) => Y.mergeUpdates([...random.some(sent, share), empty]));
  return [...sent, ...merged];
}

/** One of `updates` with a few bits, bytes or ranges changed. */
export function mutate(random: Random, updates: readonly Uint8Array[]): Uint8Array {
  const original = [...random.pick(updates)];
  const at = random.integer(original.length);
  const some = () => Array.from({ length: 1 + random.integer(3) }, () => random.pick([0, 1, 2, 127, 128, 255, 7]));
  const mutation = random.pick<() => number[]>([
    () => original.map((byte, index) => (index === at ? byte ^ (1 << random.integer(8)) : byte)),
    () => original.map((byte) => (random.chance(2 / original.length) ? byte ^ (1 << random.integer(8)) : byte)),
    () => original.map((byte) => (random.chance(2 / original.length) ? random.integer(256) : byte)),
    () => original.slice(0, at),
    () => original.toSpliced(at, 0, ...some()),
    () => original.toSpliced(at, random.integer(3), ...some()),
    () => original.toSpliced(at, 0, ...original.slice(at, at + 1 + random.integer(20))),
    () => [...original.slice(0, at), ...cutFrom(random, random.pick(updates))],
  ]);
  return Uint8Array.from(mutation());
}

function cutFrom(random: Random, update: Uint8Array): Uint8Array {
  return update.subarray(random.integer(update.length));
}

/** A well-formed update of few clients and clocks, so that such updates contradict each other. */
export function invent(random: Random): Uint8Array {
  const clients = random.some([4, 3, 2, 1], 0.5);
  const sections = clients.map((client) => {
    const clock = random.integer(4);
    return { client, clock, structs: Array.from({ length: 1 + random.integer(3) }, () => inventStruct(random)) };
  });
  const deletes = random.some([1, 2, 3, 4], 0.3).map((client) => {
    const ranges = [
      [random.integer(5), 1 + random.integer(3)],
      [8 + random.integer(5), 1],
    ] as const;
    return { client, ranges };
  });
  return updateBytes(sections, deletes);
}

function inventStruct(random: Random): Write {
  const id = () => [1 + random.integer(4), random.integer(6)] as const;
  const place = random.pick([
    () => ({ origin: id() }),
    () => ({ rightOrigin: id() }),
    () => ({ origin: id(), rightOrigin: id() }),
    () => ({ parent: random.pick(["text", "rich", "list", "map", "xml", "else"]) }),
    () => ({ parent: random.pick(["text", "rich", "list", "map", "xml", "else"]), key: random.pick(["one", "two"]) }),
    () => ({ parent: id() }),
    () => ({ parent: id(), key: random.pick(["one", "two"]) }),
  ])();
  const any = (encoder: encoding.Encoder) => encoding.writeAny(encoder, { any: [1] });
  return random.pick([
    () => gc(1 + random.integer(4)),
    () => skip(1 + random.integer(2)),
    () => item(1, bytes(1 + random.integer(4)), place),
    () => item(2, sequence(bytes(2), string("1"), string("[2]")), place),
    () => item(3, bytes(2, 1, 2), place),
    () => item(4, string(random.pick(["a", "bc", "def"])), place),
    () => item(5, string('{"image":1}'), place),
    () => item(6, sequence(string("bold"), string(random.pick(["true", "null"]))), place),
    () => item(7, bytes(random.pick([0, 1, 2, 4, 6])), place),
    () => item(7, sequence(bytes(random.pick([3, 5])), string("p")), place),
    () => item(8, sequence(bytes(2), any, any), place),
    () =>
      item(
        9,
        sequence(string("guid"), (encoder) => encoding.writeAny(encoder, { autoLoad: true })),
        place,
      ),
  ])();
}
