import { describe, expect, test } from "bun:test";
import { IdDirectory } from "../../../src/signaling/directed/id-directory.ts";

const opened = (id: string, at: number, node = "a", ...groups: string[]) => ({
  id,
  stamp: { at, node },
  proof: new Uint8Array(),
  groups,
});

describe("the ids of other nodes", () => {
  test("are found where they were opened last", () => {
    const directory = new IdDirectory();
    directory.open("a", opened("x", 1));
    directory.open("b", opened("x", 2, "b"));
    expect(directory.find("x")?.node).toBe("b");
    expect(directory.close("b", "x", { at: 2, node: "b" })?.node).toBe("b");
    expect(directory.find("x")?.node).toBe("a");
    expect(directory.close("a", "x", { at: 1, node: "a" })).toBeDefined();
    expect([directory.find("x"), [...directory.ids()]]).toEqual([undefined, []]);
  });

  test("are not closed by an earlier stamp", () => {
    const directory = new IdDirectory();
    directory.open("a", opened("x", 1));
    directory.open("a", opened("x", 5));
    expect(directory.close("a", "x", { at: 1, node: "a" })).toBeUndefined();
    expect(directory.holders("x")).toHaveLength(1);
  });

  test("are counted by their groups", () => {
    const directory = new IdDirectory();
    directory.open("a", opened("x", 1, "a", "g", "h"));
    directory.open("b", opened("y", 1, "b", "g"));
    directory.open("a", opened("x", 2, "a", "g"));
    expect([directory.sizeOf("g"), directory.sizeOf("h")]).toEqual([2, 0]);
    directory.lose("a");
    expect(directory.sizeOf("g")).toBe(1);
  });

  test("that are missing in a list are removed with its last part", () => {
    const directory = new IdDirectory();
    for (const id of ["x", "y", "z"]) directory.open("a", opened(id, 1));
    directory.open("b", opened("w", 1, "b"));
    expect(directory.list("a", { isFirst: true, isLast: false, ids: [opened("x", 1)] })).toEqual([]);
    const removed = directory.list("a", { isFirst: false, isLast: true, ids: [opened("z", 1)] });
    expect(removed.map(({ id }) => id)).toEqual(["y"]);
    expect([...directory.ids()].sort()).toEqual(["w", "x", "z"]);
    // The first part was lost.
    expect(directory.list("a", { isFirst: false, isLast: true, ids: [] })).toEqual([]);
  });

  test("are gone with their node", () => {
    const directory = new IdDirectory();
    for (const id of ["x", "y"]) directory.open("a", opened(id, 1));
    directory.open("b", opened("x", 2, "b"));
    expect(directory.lose("a").map(({ id }) => id)).toEqual(["x", "y"]);
    expect([...directory.ids()]).toEqual(["x"]);
    expect(directory.lose("a")).toEqual([]);
  });
});
