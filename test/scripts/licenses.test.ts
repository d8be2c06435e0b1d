import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { linkedLibraries, polyfills } from "../../scripts/licenses/bun-parts.ts";
import { licenseNotices } from "../../scripts/licenses/license-notices.ts";
import { identity, productionPackages } from "../../scripts/licenses/production-packages.ts";

const root = join(import.meta.dir, "../..");
const packages = await productionPackages(root);
const bunLicense = readFileSync(join(root, "node_modules/bun-types/docs/project/license.mdx"), "utf8");

/** The names in the first column of the table below a heading. */
function namesBelow(heading: string): readonly string[] {
  const [, section = ""] = new RegExp(`^## ${heading}$(.*?)(?=^## |(?![^]))`, "ms").exec(bunLicense) ?? [];
  return Array.from(section.matchAll(/^\|[^[|]*\[`?([^`\]]+)`?\]/gm), ([, name = ""]) => name);
}

describe("Bun's parts", () => {
  test("are those of the documentation of the installed version", () => {
    expect(bunLicense).toContain("statically links JavaScriptCore");
    const names = linkedLibraries.map(({ name }) => name);
    expect(names.toSorted()).toEqual(["JavaScriptCore", ...namesBelow("Linked libraries")].toSorted());
    expect(polyfills.toSorted()).toEqual(namesBelow("Polyfills").toSorted());
  });
});

describe("the packages of the executable", () => {
  test("are all dependencies, and the dependencies of those", () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const names = packages.map(({ name }) => name);
    expect(Object.keys(dependencies).filter((name) => !names.includes(name))).toEqual([]);
    expect(names).toContain("simple-peer");
    expect(names).not.toContain("typescript");
    expect(new Set(packages.map(identity)).size).toBe(packages.length);
  });

  test("have licences that permit an executable under another licence", () => {
    const permitted = /^(MIT|MIT-0|ISC|0BSD|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Zlib)$/;
    // One of several licences may be chosen.
    const choices = (license: string) => license.replace(/^\((.*)\)$/, "$1").split(" OR ");
    const refused = packages.filter(({ license }) => !choices(license).some((choice) => permitted.test(choice)));
    expect(refused.map(identity)).toEqual([]);
  });
});

describe("the notices", () => {
  const notices = licenseNotices(packages, "1.2.3");

  test("name Bun, its libraries and every package, with the text of each licence", () => {
    expect(notices).toContain("\nBun 1.2.3 (MIT)\n");
    expect(notices).toContain("\n  JavaScriptCore (LGPL-2.0-or-later)\n");
    for (const { name, version, license } of packages) expect(notices).toContain(`\n${name} ${version} (${license})\n`);
    expect(notices).toContain("Copyright (c) Feross Aboukhadijeh");
    expect(notices).not.toContain("\r");
  });

  test("take the licence from the readme of a package that has no other text, or name its author", () => {
    const base = { name: "a", version: "1.0.0", license: "MIT", folder: "/", isDirect: true, dependencies: [] };
    const without = licenseNotices([{ ...base, licenseText: undefined, author: "Ann" }], "1.2.3");
    expect(without).toContain("The package contains no text of its licence, MIT. Author: Ann.");
    expect(packages.find(({ name }) => name === "err-code")?.licenseText).toStartWith(
      "Released under the [MIT License]",
    );
  });
});
