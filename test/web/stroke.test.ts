import { expect, test } from "bun:test";
import * as Y from "yjs";
import { BoardReader } from "../../src/web/demo/board/board-content.ts";
import { isNear } from "../../src/web/demo/board/stroke.ts";

const line = {
  color: "#336699",
  points: [
    [100, 100],
    [200, 100],
    [200, 300],
  ] as const,
};

test.each([
  ["on a line between two points", [150, 108], true],
  ["beside a line", [150, 111], false],
  ["at its end", [200, 309], true],
  ["behind its end", [200, 311], false],
  ["where its lines would meet the board's edge", [100, 300], false],
] as const)("a point %s", (_, point, expected) => {
  expect(isNear(line, point, 10)).toBe(expected);
});

test("a stroke of one point is near to that point", () => {
  expect(isNear({ ...line, points: [[5, 5]] }, [8, 9], 5)).toBe(true);
  expect(isNear({ ...line, points: [] }, [8, 9], 5)).toBe(false);
});

test("the indices of strokes near a point leave out those that others have written in another form", () => {
  const values = new Y.Doc().getArray<unknown>("strokes");
  values.push([line, "foreign", { color: "red", points: line.points }, { ...line }, { ...line, points: [[700, 500]] }]);
  expect(new BoardReader().indicesNear(values, [150, 100], 5)).toEqual([0, 3]);
});
