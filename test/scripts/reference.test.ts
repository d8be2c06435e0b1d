import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reference, referencePath } from "../../scripts/reference.ts";

test("docs/reference.md is what npm run reference writes", () => {
  expect(readFileSync(join(import.meta.dir, "../..", referencePath), "utf8")).toBe(reference());
});
