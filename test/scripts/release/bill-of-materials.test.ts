import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { linkedLibraries } from "../../../scripts/licenses/bun-parts.ts";
import { productionPackages } from "../../../scripts/licenses/production-packages.ts";
import { billOfMaterials } from "../../../scripts/release/bill-of-materials.ts";

const root = join(import.meta.dir, "../../..");
const packages = await productionPackages(root);
const lock = readFileSync(join(root, "bun.lock"), "utf8");
const facts = { version: "1.2.3", bunVersion: Bun.version, packages, lock, time: new Date(1_700_000_000_000) };
const text = billOfMaterials(facts);
const bill = JSON.parse(text);

test("the bill of materials is valid CycloneDX, also by the strict schema", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  expect(await validator.validate(text)).toBeNull();
  expect(await validator.validate(text.replace('"specVersion"', '"spec"'))).not.toBeNull();
});

test("it names Bun with the libraries in it, and every package with its checksum", () => {
  const [bun, ...rest] = bill.components;
  expect(bun).toMatchObject({ name: "bun", version: Bun.version, type: "platform" });
  expect(bun.components).toHaveLength(linkedLibraries.length);
  expect(rest).toHaveLength(packages.length);
  const withoutChecksum = bill.components.filter(({ hashes }: { hashes?: unknown[] }) => hashes?.length !== 1);
  expect(withoutChecksum.map(({ name }: { name: string }) => name)).toEqual([]);
  const yjs = rest.find(({ name }: { name: string }) => name === "yjs");
  const [, base64 = ""] = /"yjs": \["yjs@.*"sha512-([^"]+)"\]/.exec(lock) ?? [];
  expect(yjs.hashes).toEqual([{ alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") }]);
  expect(yjs.purl).toBe(`pkg:npm/yjs@${yjs.version}`);
  const scoped = rest.find(({ name }: { name: string }) => name === "@codemirror/state");
  expect(scoped.purl).toBe(`pkg:npm/%40codemirror/state@${scoped.version}`);
});

test("it says which package needs which", () => {
  const needs = new Map<string, string[]>(
    bill.dependencies.map(({ ref, dependsOn }: { ref: string; dependsOn: string[] }) => [
      ref.replace(/@[^@]*$/, ""),
      dependsOn,
    ]),
  );
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const direct = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`);
  expect(needs.get("yurt")?.toSorted()).toEqual([`bun@${Bun.version}`, ...direct].sort());
  expect(needs.get("yjs")).toEqual([expect.stringMatching(/^lib0@/)]);
});

test("it has the same bytes again, and another serial number for other contents", () => {
  expect(billOfMaterials(facts)).toBe(text);
  expect(bill.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(JSON.parse(billOfMaterials({ ...facts, version: "1.2.4" })).serialNumber).not.toBe(bill.serialNumber);
});
