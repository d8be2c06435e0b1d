import { expect, test } from "bun:test";
import { drawnMesh } from "../../../../src/web/admin/rooms/mesh/drawn-mesh.ts";
import { linkLine } from "../../../../src/web/admin/rooms/mesh/link-line.ts";
import { member } from "./members.ts";

const now = 1_000_000;

test("the graph has the members by their names, and the links that have not faded, the latest first", () => {
  const members = [member("1", { user: "ann" }), member("2"), member("3")];
  const links = [
    { from: "1", to: "2", count: 4, lastAt: now - 5_000 },
    { from: "2", to: "1", count: 1, lastAt: now },
    { from: "3", to: "1", count: 1, lastAt: now - 60_000 },
    { from: "3", to: null, count: 9, lastAt: now },
    { from: "3", to: "gone", count: 1, lastAt: now },
    { from: "2", to: "2", count: 1, lastAt: now },
  ];
  expect(drawnMesh(members, links, now)).toEqual({
    members: [
      { id: "1", name: "ann", protocol: "y-webrtc" },
      { id: "2", name: "Member 2", protocol: "y-webrtc" },
      { id: "3", name: "Member 3", protocol: "y-webrtc" },
    ],
    // A faded link still keeps its members near each other.
    pairs: [
      { from: "1", to: "2" },
      { from: "1", to: "3" },
    ],
    links: [
      { from: "2", to: "1", count: 1, freshness: 3 },
      { from: "1", to: "2", count: 4, freshness: 2 },
    ],
  });
});

test("a room of 1,000 members that all signal each other is drawn in part", () => {
  const members = Array.from({ length: 1_000 }, (_, index) => member(String(index)));
  const links = members.flatMap(({ id: from }, index) =>
    [1, 2, 3].map((step) => ({ from, to: String((index + step) % 1_000), count: 1, lastAt: now + index })),
  );
  const mesh = drawnMesh(members, links, now + 1_000);
  expect([mesh.members.length, mesh.links.length]).toEqual([300, 300]);
  expect(mesh.links[0]?.from).toBe("298");
});

test("the lines of both directions lie beside each other, between the rims of the discs", () => {
  const [left, right] = [
    { x: 0, y: 0 },
    { x: 100, y: 0 },
  ];
  expect(linkLine(left, right, 10)).toEqual({ from: { x: 13, y: 4 }, to: { x: 87, y: 4 } });
  const back = linkLine(right, left, 10);
  expect([back?.from.x, back?.from.y, back?.to.x]).toEqual([87, -4, 13]);
  expect(linkLine(left, { x: 20, y: 0 }, 10)).toBeUndefined();
  expect(linkLine(left, left, 10)).toBeUndefined();
});
