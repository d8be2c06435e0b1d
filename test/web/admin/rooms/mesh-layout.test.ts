import { expect, test } from "bun:test";
import { MeshLayout, type Pair, type Spot } from "../../../../src/web/admin/rooms/mesh/mesh-layout.ts";

const wide = { width: 700, height: 400 };
const phone = { width: 330, height: 320 };

function ids(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

function settled(count: number, pairs: readonly Pair[] = [], size = wide): MeshLayout {
  const layout = new MeshLayout();
  layout.show(ids(count), pairs, size);
  layout.settle();
  return layout;
}

function distance(one: Spot | undefined, other: Spot | undefined): number {
  if (one === undefined || other === undefined) throw new Error("a member has no place");
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function closest(layout: MeshLayout): number {
  const spots = [...layout.spots];
  return Math.min(...spots.flatMap((one, index) => spots.slice(index + 1).map((other) => distance(one, other))));
}

/** The places as they are now, which later steps do not change. */
function copied(layout: MeshLayout): ReadonlyMap<string, Spot> {
  return new Map(Array.from(layout.spots, ({ id, x, y }) => [id, { id, x, y }]));
}

test.each([
  [1, wide],
  [2, wide],
  [12, wide],
  [200, wide],
  [200, phone],
  [300, wide],
])("%i members stand apart from each other in the box %o", (count, size) => {
  const layout = settled(count, [], size);
  for (const { x, y } of layout.spots) {
    expect(x).toBeGreaterThanOrEqual(layout.radius);
    expect(x).toBeLessThanOrEqual(size.width - layout.radius);
    expect(y).toBeGreaterThanOrEqual(layout.radius);
    expect(y).toBeLessThanOrEqual(size.height - layout.radius);
  }
  expect([...layout.spots]).toHaveLength(count);
  if (count > 1) expect(closest(layout)).toBeGreaterThan(2 * layout.radius);
});

test("members stay apart and in the middle when a crowd has sent messages among itself, pair after pair", () => {
  const layout = settled(200);
  const pairs: Pair[] = [];
  for (let round = 0; round < 20; round += 1) {
    for (let each = 0; each < 20; each += 1) {
      const index = round * 20 + each;
      pairs.push({ from: String((index * 7) % 200), to: String((index * 31 + 1) % 200) });
    }
    layout.show(ids(200), pairs, wide);
    for (let step = 0; step < 5; step += 1) layout.step();
  }
  layout.settle();
  expect(closest(layout)).toBeGreaterThan(2 * layout.radius);
  const spots = [...layout.spots];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean(spots.map(({ x }) => x)) - wide.width / 2)).toBeLessThan(20);
  expect(Math.abs(mean(spots.map(({ y }) => y)) - wide.height / 2)).toBeLessThan(20);
});

test("200 members use the box: in both directions they take up more than half of it", () => {
  const spots = [...settled(200).spots];
  const span = (values: readonly number[]) => Math.max(...values) - Math.min(...values);
  expect(span(spots.map(({ x }) => x))).toBeGreaterThan(wide.width / 2);
  expect(span(spots.map(({ y }) => y))).toBeGreaterThan(wide.height / 2);
});

test("a layout comes to rest, and the same room does not start it again", () => {
  const layout = new MeshLayout();
  expect(layout.show(ids(200), [], wide)).toBe(true);
  let steps = 0;
  for (; layout.isMoving; steps += 1) layout.step();
  expect(steps).toBeLessThan(60);
  expect(layout.show(ids(200), [], wide)).toBe(false);
  expect(layout.isMoving).toBe(false);
  expect(new MeshLayout().isMoving).toBe(false);
});

test("members that have sent each other messages are drawn nearer than others", () => {
  const pairs = [
    { from: "0", to: "1" },
    { from: "1", to: "2" },
    { from: "0", to: "2" },
  ];
  const layout = settled(12, pairs);
  const spot = (id: string) => layout.spotOf(id);
  const within = pairs.map(({ from, to }) => distance(spot(from), spot(to)));
  const apart = ids(12)
    .slice(3)
    .map((id) => distance(spot("0"), spot(id)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(within)).toBeLessThan(mean(apart) * 0.75);
});

test("when a member comes or goes, the others stay about where they are", () => {
  const layout = settled(20);
  const before = copied(layout);
  const others = ids(20).slice(1);
  expect(layout.show([...others, "new"], [], wide)).toBe(true);
  layout.settle();
  for (const id of others) expect(distance(layout.spotOf(id), before.get(id))).toBeLessThan(layout.spacing * 1.5);
  expect([layout.spotOf("0"), layout.spotOf("new")]).toEqual([undefined, expect.objectContaining({ id: "new" })]);
});

test("a new member appears beside the one that it has a pair with", () => {
  const layout = settled(30);
  layout.show([...ids(30), "new"], [{ from: "new", to: "7" }], wide);
  expect(distance(layout.spotOf("new"), layout.spotOf("7"))).toBeLessThan(layout.spacing * 1.5);
});

test("the same changes lead to the same layout", () => {
  const pairs = [{ from: "3", to: "4" }];
  expect(copied(settled(40, pairs))).toEqual(copied(settled(40, pairs)));
});

test("pairs with members that are not there pull nobody", () => {
  expect(copied(settled(5, [{ from: "0", to: "gone" }]))).toEqual(copied(settled(5)));
});

test("a box that changes its size is filled anew", () => {
  const layout = settled(50);
  expect(layout.show(ids(50), [], phone)).toBe(true);
  layout.settle();
  for (const { x } of layout.spots) expect(x).toBeLessThan(phone.width);
});
