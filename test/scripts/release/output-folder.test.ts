import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { emptyOutputFolder } from "../../../scripts/release/output-folder.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

test.each(["SHA256SUMS", ".staging"])("the folder of an earlier release, with %s, is emptied", async (mark) => {
  using workshop = new Workshop();
  const folder = workshop.file("release");
  await emptyOutputFolder(folder);
  mkdirSync(folder, { recursive: true });
  for (const name of [mark, "yurt-0.1.0.tgz"]) writeFileSync(workshop.file("release", name), "");
  await emptyOutputFolder(folder);
  expect(existsSync(workshop.file("release", "yurt-0.1.0.tgz"))).toBeFalse();
});

test("a folder of other files stays as it is", async () => {
  using workshop = new Workshop();
  const other = workshop.file("letter.txt");
  writeFileSync(other, "");
  await expect(emptyOutputFolder(workshop.path)).rejects.toThrow("is not empty");
  expect(existsSync(other)).toBeTrue();
});
