import { describe, expect, test } from "bun:test";
import { type FileFacts, type FileSystem, type Whereabouts, whereaboutsOf } from "../../src/storage/file-identity.ts";

const open: FileFacts = { device: 1n, inode: 2n, links: 1n, bytes: 0n };

describe("an open file", () => {
  test.each<readonly [what: string, state: Whereabouts, found: FileFacts | undefined | Error, open: FileFacts]>([
    ["that its path names is in its place", "in-place", open, open],
    ["that has a second name is in its place", "in-place", { ...open, links: 2n }, { ...open, links: 2n }],
    ["without any name was deleted", "deleted", undefined, { ...open, links: 0n }],
    ["with a name elsewhere was moved", "moved", undefined, open],
    ["whose path names another inode was replaced", "replaced", { ...open, inode: 3n }, open],
    ["whose path names the inode of another device was replaced", "replaced", { ...open, device: 2n }, open],
    [
      "whose path names another, and that has no name, was replaced",
      "replaced",
      { ...open, inode: 3n },
      { ...open, links: 0n },
    ],
    [
      "that only a mount point names was deleted, as a folder is outside its container",
      "deleted",
      { ...open, links: 0n },
      { ...open, links: 0n },
    ],
    ["whose path cannot be read is unreachable", "unreachable", Object.assign(new Error("I/O"), { code: "EIO" }), open],
  ])("%s", (_, state, found, facts) => {
    const files: FileSystem = {
      at: () => {
        if (found instanceof Error) throw found;
        return found;
      },
      of: () => facts,
    };
    expect(whereaboutsOf("/data/yurt.db", { facts: open, descriptor: 3 }, files)).toBe(state);
  });
});
