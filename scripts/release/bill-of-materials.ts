import { linkedLibraries } from "../licenses/bun-parts.ts";
import { identity, type ProductionPackage } from "../licenses/production-packages.ts";
import { checksumIn } from "./bun-binaries.ts";

/** The facts of a release that its bill of materials states. */
export interface Bill {
  readonly version: string;
  readonly bunVersion: string;
  readonly packages: readonly ProductionPackage[];
  /** The text of `bun.lock`, which has the checksums of the packages. */
  readonly lock: string;
  readonly time: Date;
}

/**
 * The software in the executable as a CycloneDX 1.6 document: Bun with the libraries that it links, and every package
 * with its checksum and its dependencies. The serial number depends on the rest of the document.
 */
export function billOfMaterials({ version, bunVersion, packages, lock, time }: Bill): string {
  const own = `yurt@${version}`;
  const bun = `bun@${bunVersion}`;
  const document = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      timestamp: time.toISOString(),
      component: { type: "application", "bom-ref": own, name: "yurt", version, licenses: licensesOf("MIT") },
    },
    components: [
      {
        type: "platform",
        "bom-ref": bun,
        name: "bun",
        version: bunVersion,
        purl: purlOf("bun", bunVersion),
        licenses: licensesOf("MIT"),
        ...hashesOf(checksumIn(lock, bun)),
        components: linkedLibraries.map(({ name, license, source }) => ({
          type: "library",
          "bom-ref": `${bun}/${name}`,
          name,
          licenses: licensesOf(license),
          externalReferences: [{ type: "vcs", url: source }],
        })),
      },
      ...packages.map((each) => ({
        type: "library",
        "bom-ref": identity(each),
        name: each.name,
        version: each.version,
        purl: purlOf(each.name, each.version),
        licenses: licensesOf(each.license),
        ...hashesOf(checksumIn(lock, identity(each))),
      })),
    ],
    dependencies: [
      { ref: own, dependsOn: [bun, ...packages.filter(({ isDirect }) => isDirect).map(identity)] },
      { ref: bun, dependsOn: linkedLibraries.map(({ name }) => `${bun}/${name}`) },
      ...packages.map((each) => ({ ref: identity(each), dependsOn: dependenciesOf(each, packages) })),
    ],
  };
  const digest = new Bun.CryptoHasher("sha256").update(JSON.stringify(document)).digest("hex");
  return `${JSON.stringify({ ...document, serialNumber: `urn:uuid:${uuidOf(digest)}` }, null, 2)}\n`;
}

function dependenciesOf({ dependencies }: ProductionPackage, packages: readonly ProductionPackage[]): string[] {
  return packages.filter(({ folder }) => dependencies.includes(folder)).map(identity);
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function licensesOf(license: string): readonly object[] {
  return license.includes(" ") ? [{ expression: license }] : [{ license: { id: license } }];
}

/** The checksum of a lock file, `sha512-<base64>`, as CycloneDX writes it. */
function hashesOf(checksum: string | undefined): object {
  if (checksum?.startsWith("sha512-") !== true) return {};
  const content = Buffer.from(checksum.slice("sha512-".length), "base64").toString("hex");
  return { hashes: [{ alg: "SHA-512", content }] };
}

/** A version 8 UUID, whose bits the application chooses, from a hash. */
function uuidOf(hex: string): string {
  const variant = "89ab"[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
