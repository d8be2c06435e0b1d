import { describe, expect, test } from "bun:test";
import { FastUpdate } from "../../../../src/relay/update/fast/fast-update.ts";
import { JoinedUpdate } from "../../../../src/relay/update/fast/joined-update.ts";
import type { DecodedUpdate } from "../../../../src/relay/update/trim-update.ts";
import { contentsOf } from "../../../../src/relay/update/update-contents.ts";
import { bringing, deleting, gc, skip, text, updateBytes, type Write } from "../../../support/bytes/update-bytes.ts";
import { shownContents } from "../../../support/bytes/y-doc-facts.ts";

const found = new FastUpdate();
const update = (clock: number, ...structs: readonly Write[]) => updateBytes([{ client: 300, clock, structs }]);
const behind = (clock: number, characters: string) => update(clock, text(characters, { origin: [300, clock - 1] }));
const shown = ({ update: bytes, contents }: DecodedUpdate) => ({ update: bytes, contents: shownContents(contents) });
const decoded = (bytes: Uint8Array) => ({ update: bytes, contents: contentsOf(bytes) });

function addFast(run: JoinedUpdate, bytes: Uint8Array): boolean {
  expect(found.read(bytes, 0, bytes.byteLength)).toBeTrue();
  return run.addFast(bytes, found);
}

function joinFast(...updates: readonly Uint8Array[]): Uint8Array {
  const run = new JoinedUpdate(16_384);
  for (const each of updates) expect(addFast(run, each)).toBeTrue();
  expect(run.count).toBe(updates.length);
  const taken = run.take();
  expect(shown(taken)).toEqual(shown(decoded(taken.update)));
  return taken.update;
}

describe("texts become one item", () => {
  test("when each begins behind the one before", () => {
    expect(joinFast(update(0, text("a")), behind(1, "é"), behind(2, "😀"), behind(4, "b"))).toEqual(
      update(0, text("aé😀b")),
    );
  });

  test("of more than 127 and of more than 16,383 bytes", () => {
    expect(joinFast(update(0, text("a".repeat(100))), behind(100, "b".repeat(100)))).toEqual(
      update(0, text("a".repeat(100) + "b".repeat(100))),
    );
    const run = new JoinedUpdate(100_000);
    for (let clock = 0; clock < 20_000; clock += 100) addFast(run, behind(clock + 1, "b".repeat(100)));
    expect(run.take().update).toEqual(behind(1, "b".repeat(20_000)));
  });

  test("between the same neighbours", () => {
    const between = (clock: number, characters: string) =>
      update(clock, text(characters, { origin: [300, clock - 1], rightOrigin: [7, 2] }));
    expect(joinFast(between(5, "a"), between(6, "b"))).toEqual(between(5, "ab"));
  });
});

describe("texts stay items of one update", () => {
  test.each<[name: string, ...Write[]]>([
    ["at another place", text("b", { origin: [300, 2] })],
    ["behind another client's item", text("b", { origin: [7, 5] })],
    ["before another client's item", text("b", { origin: [300, 5], rightOrigin: [8, 2] })],
    ["before another item of the client", text("b", { origin: [300, 5], rightOrigin: [7, 3] })],
    ["at the end", text("b", { origin: [300, 5] })],
    ["without an origin", text("b", { rightOrigin: [300, 5] })],
    ["in another text", text("b", { parent: "else" })],
  ])("%s", (_name, second) => {
    const first = text("a", { origin: [300, 4], rightOrigin: [7, 2] });
    expect(joinFast(update(5, first), update(6, second))).toEqual(update(5, first, second));
  });
});

test("deletes are joined, also without structs", () => {
  expect(joinFast(deleting(7, 3, 4), deleting(7, 0, 3), deleting(9, 5, 6))).toEqual(
    updateBytes(
      [],
      [
        { client: 9, ranges: [[5, 1]] },
        { client: 7, ranges: [[0, 4]] },
      ],
    ),
  );
  expect(joinFast(deleting(7, 3, 4), update(5, text("a")), deleting(300, 5, 6), behind(6, "b"))).toEqual(
    updateBytes(
      [{ client: 300, clock: 5, structs: [text("ab")] }],
      [
        { client: 300, ranges: [[5, 1]] },
        { client: 7, ranges: [[3, 1]] },
      ],
    ),
  );
});

describe("an update is not added, and nothing changes, when", () => {
  test.each<[name: string, update: Uint8Array]>([
    ["it leaves a gap", behind(7, "c")],
    ["it repeats a clock", behind(5, "c")],
    ["it is another client's", bringing(7, 6, 7)],
    ["it brings two clients", updateBytes([300, 7].map((client) => ({ client, clock: 6, structs: [gc(1)] })))],
    ["it has a gap", update(6, gc(1), skip(1), gc(1))],
    ["it ends with a gap", update(6, gc(1), skip(1))],
    ["it would be too large", behind(6, "long ".repeat(20))],
  ])("%s", (_name, second) => {
    const run = new JoinedUpdate(100);
    const first = behind(5, "a");
    addFast(run, first);
    if (found.read(second, 0, second.byteLength)) expect(run.addFast(second, found)).toBeFalse();
    expect(run.add(decoded(second))).toBeFalse();
    expect({ count: run.count, byteLength: run.byteLength }).toEqual({ count: 1, byteLength: first.byteLength });
    expect(shown(run.take())).toEqual(shown(decoded(first)));
  });
});

test("updates that the strict reader has read are joined with others, struct by struct", () => {
  const run = new JoinedUpdate(1_000);
  expect(run.add(decoded(update(0, text("a"), gc(2))))).toBeTrue();
  expect(addFast(run, behind(3, "b"))).toBeTrue();
  expect(addFast(run, behind(4, "c"))).toBeTrue();
  expect(run.add(decoded(update(5, gc(1), gc(1))))).toBeTrue();
  expect(
    run.add(
      decoded(
        updateBytes(
          [],
          [
            {
              client: 7,
              ranges: [
                [0, 1],
                [5, 1],
              ],
            },
          ],
        ),
      ),
    ),
  ).toBeTrue();
  const structs = [text("a"), gc(2), text("bc", { origin: [300, 2] }), gc(1), gc(1)];
  const whole = updateBytes(
    [{ client: 300, clock: 0, structs }],
    [
      {
        client: 7,
        ranges: [
          [0, 1],
          [5, 1],
        ],
      },
    ],
  );
  expect(shown(run.take())).toEqual(shown(decoded(whole)));
});

test.each<[name: string, first: Uint8Array]>([
  ["brings two clients", updateBytes([300, 7].map((client) => ({ client, clock: 0, structs: [gc(1)] })))],
  ["ends with a gap", update(0, gc(1), skip(1))],
  ["is too large", update(0, text("long ".repeat(300)))],
])("a first update that %s stays alone, and is returned as it is", (_name, first) => {
  const run = new JoinedUpdate(1_000);
  const given = decoded(first);
  expect(run.add(given)).toBeTrue();
  expect(addFast(run, behind(1, "a"))).toBeFalse();
  expect(run.add(decoded(deleting(7, 0, 1)))).toBeFalse();
  expect(run.take()).toBe(given);
});

test("it serves run after run, and earlier results stay as they are", () => {
  const run = new JoinedUpdate(1_000);
  const runs = [0, 10, 20].map((clock) => {
    for (const each of [behind(clock + 1, "ab"), deleting(7, clock, clock + 1), behind(clock + 3, "c")])
      addFast(run, each);
    return run.take();
  });
  addFast(run, behind(50, "dropped"));
  run.clear();
  expect(run.count).toBe(0);
  for (const [index, taken] of runs.entries()) {
    const clock = 10 * index + 1;
    const structs = [text("abc", { origin: [300, clock - 1] })];
    const joined = updateBytes([{ client: 300, clock, structs }], [{ client: 7, ranges: [[clock - 1, 1]] }]);
    expect(shown(taken)).toEqual(shown(decoded(joined)));
  }
});

test("the contents of an update do not change with the next run", () => {
  const run = new JoinedUpdate(1_000);
  for (const each of [behind(1, "a"), behind(2, "b")]) addFast(run, each);
  const { contents } = run.take();
  for (const each of [deleting(7, 0, 1), deleting(7, 1, 2)]) addFast(run, each);
  expect(shownContents(contents)).toEqual(shownContents(contentsOf(behind(1, "ab"))));
  run.clear();
  for (const each of [behind(1, "a"), behind(2, "b")]) addFast(run, each);
  expect(shown(run.take())).toEqual(shown(decoded(behind(1, "ab"))));
});

test("numbers of any length are written as Yjs writes them", () => {
  for (const [client, clock] of [
    [1, 127],
    [127, 128],
    [2 ** 31, 16_384],
    [2 ** 32 - 1, 2 ** 21],
    [2 ** 48, 2 ** 28 - 2],
  ] as const) {
    const each = (start: number, characters: string) =>
      updateBytes([{ client, clock: start, structs: [text(characters, { origin: [client, start - 1] })] }]);
    expect(joinFast(each(clock, "a"), each(clock + 1, "b"))).toEqual(each(clock, "ab"));
  }
  const run = new JoinedUpdate(16_384);
  for (const clock of [2 ** 48, 2 ** 48 + 1]) expect(run.add(decoded(behind(clock, "a")))).toBeTrue();
  const first = text("a", { origin: [300, 2 ** 48 - 1] });
  expect(run.take().update).toEqual(update(2 ** 48, first, text("a", { origin: [300, 2 ** 48] })));
});
