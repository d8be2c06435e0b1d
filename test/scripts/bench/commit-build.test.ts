import { expect, test } from "bun:test";
import { buildCommit, idOf } from "../../../scripts/bench/servers/commit-build.ts";

test("a commit is found by any name that git knows", async () => {
  const id = await idOf("HEAD");
  expect(id).toMatch(/^[0-9a-f]{40}$/);
  expect(await idOf(id.slice(0, 12))).toBe(id);
});

test.each(["no-such-branch", "--help", ""])("%p is refused, and nothing is built", async (name) => {
  await expect(buildCommit(name)).rejects.toThrow(`no commit "${name}"`);
});
