import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { apiReference, apiReferencePath, servedDescription } from "../../scripts/api-reference.ts";
import { reference, referencePath } from "../../scripts/reference.ts";

test("docs/reference.md is what npm run reference writes", () => {
  expect(readFileSync(join(import.meta.dir, "../..", referencePath), "utf8")).toBe(reference());
});

test("docs/api-reference.md is what npm run reference writes", async () => {
  const written = readFileSync(join(import.meta.dir, "../..", apiReferencePath), "utf8");
  expect(written).toBe(apiReference(await servedDescription()));
});
