import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { computedModule, readSourceFacts, type SourceFacts } from "./support/source-facts.ts";

/**
 * The layout of src/, lowest rank first. A file imports from its own folder and from lower ranks. Of several patterns
 * that match a path the first counts, so a folder's rest comes after its exceptions.
 */
const ranks: readonly (readonly [rank: string, ...patterns: string[]])[] = [
  // Applications install it: it imports nothing of the rest.
  ["client", "client/**"],
  ["lib", "lib/**"],
  ["config", "config/**"],
  [
    "contract",
    "transport/{connection,channel,protocol,close-reason,inbox,work}.ts",
    "auth/{authorizer,administration,revocation,identifiers,room-pattern,room-permissions,token-order}.ts",
    "auth/admin/admin-links.ts",
    "auth/keys/{api-keys,api-key-order}.ts",
    "auth/token/token-contents.ts",
    "{transport,auth}/limits.ts",
    "storage/{store,source,document-lines,webhook-store}.ts",
    "storage/history/{history-store,history-parts}.ts",
    "cluster/{bus,lead}.ts",
    "tls/{certificate,certificates}.ts",
    "tls/acme/acme-storage.ts",
    "turn/ice/ice-servers.ts",
    "ops/**",
  ],
  ["adapter", "{transport,auth,storage,tls}/**"],
  ["room", "rooms/**"],
  ["api", "api/**"],
  ["domain", "{relay,signaling,turn}/**"],
  // Works on the relay's rooms and documents.
  ["documents", "documents/**"],
  // Follows the relay's changes.
  ["webhooks", "webhooks/**"],
  ["admin", "admin/**"],
  ["composition", "composition/**"],
  ["server", "server.ts"],
  ["cli", "cli/**"],
  ["main", "main.ts"],
];

/** Put the parts of a server together: with the offline commands the only files that name implementations. */
const composers = ["server.ts", "composition/**"];

/** Commands that run without a server, with the implementations that each works on. */
const offlineCommands: Readonly<Record<string, readonly string[]>> = {
  "cli/backup.ts": ["storage/sqlite/backup.ts"],
  "cli/restore.ts": ["storage/sqlite/restore.ts"],
  "cli/migrate/migrate.ts": ["storage/transfer/transfer.ts"],
  "cli/migrate/transfer-progress.ts": ["storage/transfer/transfer.ts"],
  "cli/documents/compact.ts": ["relay/compaction/worker-compactor.ts"],
};

/** The wire protocols, a folder each. Folders that are not named here are part of the concept that they stand in. */
const protocols = ["relay/{y-websocket,hocuspocus}/**", "signaling/{y-webrtc,peerjs,cliffy,octatecode,peers}/**"];

/** Imported by composers and by the implementations in their own folder, by nothing else. */
const implementations = [...protocols, "relay/compaction/worker-compactor.ts", "turn/network/**"];

/** Implementations of one contract, a folder each: none of them imports another. */
const alternatives = ["storage/sqlite/**", "storage/postgres/**"];

/**
 * The floors inside a concept, lowest first: a file imports from its own floor and from lower ones. Of several patterns
 * that match a path the first counts.
 */
const floors: Readonly<Record<string, readonly string[]>> = {
  relay: [
    "relay/{limits,sync-member,room-events}.ts",
    "relay/update/**",
    "relay/history/**",
    "relay/compaction/**",
    "relay/document/**",
    "relay/import/**",
    "relay/snapshot/**",
    "relay/awareness/**",
    "relay/catch-up/**",
    "relay/commit/**",
    "relay/*",
    "relay/server-updates/**",
  ],
  // The wire format knows no state.
  turn: ["turn/message/**", "turn/**"],
  web: ["web/shared/**", "web/check/diagnosis/**", "web/check/measure/**", "web/**"],
};

/** The Yjs update format, for whatever reads updates: it knows nothing of rooms, close codes and settings. */
const selfContained = ["relay/update/**"];
const selfContainedImports = ["lib/**", ...selfContained];
const selfContainedModules = /^(yjs|lib0)(\/|$)/;

/** Entry points of their own: imported by nothing. */
const roots = ["main.ts", "**/*-worker.ts"];

/**
 * The code of browsers, a program of its own: it has no rank, and imports itself, the client package and packages only. The
 * server serves it as built files. (The root tsconfig knows no DOM, web/tsconfig.json no Bun.)
 */
const pages = ["web/**"];

/** The package that applications install, and the packages that it takes from them. */
const installed = ["client/**"];
const installedModules = /^(yjs|y-websocket|y-protocols\/awareness|react)$/;

/** Knows neither runtime nor socket nor time: what it needs comes in through a contract, or `Clock`. */
const pure = ["{rooms,relay,signaling,turn}/**"];
/** The sockets of TURN, and of its client. `Date` in signed-room-tokens.ts only converts the clock's time for jose. */
const pureExceptions = [
  "turn/client/sockets/**",
  "signaling/octatecode/signed-room-tokens.ts",
  "relay/compaction/worker-compactor.ts",
  "turn/network/**",
  "**/*-worker.ts",
];
const builtIns = /^(bun$|bun:|node:)/;
const pureModules = /^(?!bun$|bun:|node:|ws$)/;
const impureNames = [
  ...["Bun", "WebSocket", "Worker", "process", "performance", "Date"],
  ...["setTimeout", "setInterval", "setImmediate"],
];

/** Frame to message and back, and nothing else. Besides its own folder: */
const codecs = ["**/{codec,*-codec}.ts"];
const codecModules = /^lib0\//;
const codecImports = [
  "relay/sync-codec.ts",
  "relay/update/strict-decoding.ts",
  "relay/update/strict-json.ts",
  "signaling/json-codec.ts",
  "signaling/peer-codec.ts",
  "transport/close-reason.ts",
];

const environment = ["process.env", "Bun.env", "import.meta.env"];
const environmentReaders = ["config/**"];

/** RFC 6455 §7.4 and ours; 4444 is the default port. */
const isCloseCode = (code: number) => (code >= 1001 && code <= 1015) || (code >= 4400 && code <= 4599 && code !== 4444);
const closeCodeTable = "transport/close-reason.ts";

/** Re-exported, an implementation would pass for a part of the file that names it. */
const reExport = "re-exports from ../composition/relay.ts";

const longestFile = 400;
const medianFile = 120;
/** Folders in it are not counted. */
const mostLooseFiles = 16;

const matches = (patterns: readonly string[], path: string) =>
  patterns.some((pattern) => new Bun.Glob(pattern).match(path));

const rankOf = (path: string) => ranks.findIndex(([, ...patterns]) => matches(patterns, path));

const isPure = (path: string) => matches(pure, path) && !matches(pureExceptions, path);

const isRoot = (path: string) => matches(roots, path);

const isOfPages = (path: string) => matches(pages, path);

const isImplementation = (path: string) =>
  matches(implementations, path) || (rankOf(path) !== -1 && ranks[rankOf(path)]?.[0] === "adapter");

/** The folder that is a concept: `relay`, `relay/y-websocket`; `.` for main.ts and server.ts. */
function folderOf(path: string): string {
  const [concept = "", protocol = "", ...rest] = path.split("/");
  if (protocol === "") return ".";
  return rest.length > 0 && matches(protocols, path) ? `${concept}/${protocol}` : concept;
}

/** Why a file must not import another file of its own concept; undefined if it may. */
function forbiddenFloor(from: string, to: string): string | undefined {
  const patterns = floors[folderOf(to)];
  if (patterns === undefined || isRoot(from)) return undefined;
  const floorOf = (path: string) => patterns.findIndex((pattern) => new Bun.Glob(pattern).match(path));
  return floorOf(to) <= floorOf(from) ? undefined : "is on a higher floor";
}

/** Why a page and the rest of the program must not share the file that one of them imports. */
function forbiddenForPages(to: string): string | undefined {
  if (isOfPages(to)) return "is a page's";
  return matches(installed, to) ? undefined : "is the server's";
}

/** As `forbiddenImport`, for an implementation. */
function forbiddenImplementation(from: string, to: string): string | undefined {
  if (areAlternatives(from, to)) return "is another implementation";
  const isOfFolder = folderOf(from) === folderOf(to) && (isImplementation(from) || isRoot(from));
  const isNamed = matches(composers, from) || offlineCommands[from]?.includes(to) === true;
  return isOfFolder || isNamed ? undefined : "is an implementation";
}

function areAlternatives(from: string, to: string): boolean {
  const patternOf = (path: string) => alternatives.find((pattern) => matches([pattern], path));
  return patternOf(from) !== undefined && patternOf(to) !== undefined && patternOf(from) !== patternOf(to);
}

/** Why the file `from` must not import the file `to` (paths in src/); undefined if it may. */
function forbiddenImport(from: string, to: string): string | undefined {
  if (isRoot(to)) return "is an entry point";
  if (isOfPages(from) !== isOfPages(to)) return forbiddenForPages(to);
  const fromFolder = folderOf(from);
  const toFolder = folderOf(to);
  if (isImplementation(to)) return forbiddenImplementation(from, to);
  if (matches(selfContained, from) && !matches(selfContainedImports, to)) return "is not self-contained";
  if (fromFolder === toFolder) return forbiddenFloor(from, to);
  if (fromFolder.startsWith(`${toFolder}/`)) return undefined;
  return rankOf(to) < rankOf(from) ? undefined : "is not of a lower rank";
}

/** Why the file `from` must not import the package or built-in module `module`. */
function forbiddenModule(from: string, module: string, packages: readonly string[]): string | undefined {
  if (module === computedModule) return "is computed";
  if (isPure(from) && !pureModules.test(module)) return "is not pure";
  if (matches(selfContained, from) && !selfContainedModules.test(module)) return "is not self-contained";
  if (isOfPages(from) && builtIns.test(module)) return "is not in browsers";
  if (matches(installed, from)) return installedModules.test(module) ? undefined : "is not a peer of the client";
  if (matches(codecs, from) && !codecModules.test(module)) return "does not belong in a codec";
  return builtIns.test(module) || packages.includes(packageOf(module))
    ? undefined
    : "is not in package.json's dependencies";
}

function packageOf(module: string): string {
  return module
    .split("/")
    .slice(0, module.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Every breach of the rules by one file: what it is and which import, name or number commits it. */
function breaches(path: string, facts: SourceFacts, packages: readonly string[]): readonly string[] {
  return [
    ...(rankOf(path) === -1 && !isRoot(path) && !isOfPages(path) ? ["has no place in the layout"] : []),
    ...(posix.basename(path) === "index.ts" ? ["is a barrel"] : []),
    ...(facts.hasDefaultExport ? ["has a default export"] : []),
    ...facts.reExports.map((module) => `re-exports from ${module}`),
    ...facts.imports.flatMap((module) => importBreach(path, module, packages)),
    ...forbiddenNames(path).flatMap((name) => (facts.references.has(name) ? [`uses ${name}`] : [])),
    ...[...facts.numbers].filter(isCloseCode).flatMap((code) => (path === closeCodeTable ? [] : [`says ${code}`])),
  ].map((breach) => `${path} ${breach}`);
}

function forbiddenNames(path: string): readonly string[] {
  return [...(isPure(path) ? impureNames : []), ...(matches(environmentReaders, path) ? [] : environment)];
}

function importBreach(from: string, module: string, packages: readonly string[]): readonly string[] {
  const reason = module.startsWith(".")
    ? forbiddenFile(from, posix.join(posix.dirname(from), module))
    : forbiddenModule(from, module, packages);
  return reason === undefined ? [] : [`imports ${module}, which ${reason}`];
}

function forbiddenFile(from: string, to: string): string | undefined {
  if (to === "../package.json") return undefined;
  if (to.startsWith("../")) return "is outside src";
  if (matches(codecs, from) && folderOf(from) !== folderOf(to) && !codecImports.includes(to)) {
    return "does not belong in a codec";
  }
  return forbiddenImport(from, to);
}

/** The patterns of the rules above, the braces expanded, that match none of `paths`. */
function deadPatterns(paths: readonly string[]): readonly string[] {
  const patterns = [
    ...ranks.flatMap(([, ...ofRank]) => ofRank),
    ...composers,
    ...Object.entries(offlineCommands).flatMap(([command, allowed]) => [command, ...allowed]),
    ...implementations,
    ...alternatives,
    ...Object.values(floors).flat(),
    ...[...selfContainedImports, ...roots, ...pages, ...installed, ...pure, ...pureExceptions],
    ...[...codecs, ...codecImports, ...environmentReaders, closeCodeTable],
  ];
  return patterns.flatMap(withoutBraces).filter((pattern) => !paths.some((path) => matches([pattern], path)));
}

/** `{a,b}/c` as `a/c` and `b/c`. */
function withoutBraces(pattern: string): readonly string[] {
  const [, before = "", choices, after = ""] = /^(.*?)\{(.*?)\}(.*)$/.exec(pattern) ?? [];
  return choices?.split(",").flatMap((choice) => withoutBraces(before + choice + after)) ?? [pattern];
}

/** The files of one import cycle, in its order and with the first again at the end; undefined if there is none. */
function importCycle(facts: ReadonlyMap<string, Pick<SourceFacts, "imports">>): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (finished.has(path)) return undefined;
    for (const module of facts.get(path)?.imports ?? []) {
      if (!module.startsWith(".")) continue;
      const cycle = visit(posix.join(posix.dirname(path), module), [...trail, path]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(path);
    return undefined;
  };
  for (const path of facts.keys()) {
    const cycle = visit(path, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Where tests and scripts may import from each other: the files of the first patterns, those of the second. */
const bridges: readonly (readonly [from: readonly string[], to: readonly string[]])[] = [
  [["scripts/**"], ["test/support/**"]],
  [["test/{scripts,torture,client}/**"], ["scripts/**"]],
  [["test/support/processes/load/**"], ["scripts/bench/load/**"]],
];

/** Why a test or a script must not import another file (paths in the repository); undefined if it may. */
function forbiddenTool(from: string, to: string): string | undefined {
  const [fromFolder] = from.split("/");
  const [toFolder] = to.split("/");
  if (toFolder !== "test" && toFolder !== "scripts") return undefined;
  if (fromFolder === toFolder) return undefined;
  const isBridged = bridges.some(([sources, targets]) => matches(sources, from) && matches(targets, to));
  return isBridged ? undefined : `is of ${toFolder}/`;
}

/** Folders with more files than a reader can survey. `paths` are files in the repository. */
function fullFolders(paths: readonly string[]): readonly string[] {
  return [...Map.groupBy(paths, (path) => posix.dirname(path))]
    .filter(([, files]) => files.length > mostLooseFiles)
    .map(([folder, files]) => `${folder} has ${files.length} files`);
}

const root = join(import.meta.dir, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

function sourcesOf(folder: string): Readonly<Record<string, string>> {
  const paths = [...new Bun.Glob("**/*.{ts,tsx}").scanSync(join(root, folder))].sort();
  return Object.fromEntries(paths.map((path) => [path, read(`${folder}/${path}`)]));
}

/** Files that are or can be committed: all but what .gitignore names (folders, one a line) and .git itself. */
function repositoryFiles(): readonly string[] {
  const ignored = new Set([".git/", ...read(".gitignore").split("\n")]);
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    // In a worktree .git is a file.
    if (ignored.has(`${entry.name}/`)) return [];
    if (!entry.isDirectory()) return [entry.name];
    const inside = new Bun.Glob("**/*").scanSync({ cwd: join(root, entry.name), dot: true });
    return Array.from(inside, (path) => `${entry.name}/${path}`);
  });
}

const sources = sourcesOf("src");
const facts = await readSourceFacts(sources);
/** Read here and not in a test: on a busy machine the compiler takes longer than a test may. */
const toolFacts = await readSourceFacts(
  Object.fromEntries(
    ["test", "scripts"].flatMap((folder) =>
      Object.entries(sourcesOf(folder)).map(([path, text]) => [`${folder}/${path}`, text]),
    ),
  ),
);
const dependencies: readonly string[] = Object.keys(JSON.parse(read("package.json")).dependencies);

describe("the source tree", () => {
  test("is not empty", () => {
    expect(facts.size).toBeGreaterThan(20);
  });

  test("keeps its layout, its imports and its purity", () => {
    expect([...facts].flatMap(([path, found]) => breaches(path, found, dependencies))).toEqual([]);
  });

  test("has a file for every pattern of the layout", () => {
    expect(deadPatterns([...facts.keys()])).toEqual([]);
  });

  test("imports only files that exist, by their full name", () => {
    const missing = [...facts].flatMap(([path, { imports }]) =>
      imports
        .filter((module) => module.startsWith(".") && !existsSync(join(root, "src", posix.dirname(path), module)))
        .map((module) => `${path} imports ${module}`),
    );
    expect(missing).toEqual([]);
  });

  test("has no import cycle, type imports included", () => {
    expect(importCycle(facts)).toBeUndefined();
  });

  test(`has no file longer than ${longestFile} lines, and half of its files have at most ${medianFile}`, () => {
    const lines = Object.entries(sources).map(([path, text]) => ({ path, count: text.trimEnd().split("\n").length }));
    expect(lines.filter(({ count }) => count > longestFile)).toEqual([]);
    expect(median(lines.map(({ count }) => count))).toBeLessThanOrEqual(medianFile);
  });
});

describe("tests and scripts", () => {
  test("import from each other only by the bridges", () => {
    expect(toolFacts.size).toBeGreaterThan(20);
    const breaches = [...toolFacts].flatMap(([path, { imports }]) =>
      imports
        .filter((module) => module.startsWith("."))
        .map((module) => posix.join(posix.dirname(path), module))
        .filter((to) => forbiddenTool(path, to) !== undefined)
        .map((to) => `${path} imports ${to}`),
    );
    expect(breaches).toEqual([]);
  });
});

describe("the repository", () => {
  test(`has no folder with more than ${mostLooseFiles} loose files under src, test and scripts`, () => {
    expect(fullFolders(repositoryFiles().filter((path) => /^(src|test|scripts)\//.test(path)))).toEqual([]);
  });

  test("uses every dependency, and docs/architecture.md says why it is there", () => {
    const used = new Set([...facts.values()].flatMap(({ imports }) => imports.map(packageOf)));
    expect(dependencies.filter((name) => !used.has(name))).toEqual([]);
    const page = read("docs/architecture.md");
    expect(dependencies.filter((name) => !new RegExp(`^- \`${name}\`: \\S`, "m").test(page))).toEqual([]);
  });

  test("names no path of the machine that it was written on", () => {
    const machinePath = new RegExp(`/(?:${["work", "root"].join("|")})/`);
    const files = repositoryFiles();
    expect(files).toContain("package.json");
    expect(files.filter((path) => machinePath.test(read(path)))).toEqual([]);
  });
});

describe("the rules", () => {
  test.each([
    ["server.ts", "transport/listener.ts"],
    ["server.ts", "relay/y-websocket/protocol.ts"],
    ["server.ts", "relay/compaction/worker-compactor.ts"],
    ["cli/server/serve.ts", "server.ts"],
    ["cli/offline.ts", "composition/open-store.ts"],
    ["cli/backup.ts", "storage/sqlite/backup.ts"],
    ["composition/relay.ts", "relay/y-websocket/protocol.ts"],
    ["relay/sync-room.ts", "relay/awareness/awareness.ts"],
    ["relay/sync-room.ts", "transport/connection.ts"],
    ["relay/y-websocket/session.ts", "relay/y-websocket/codec.ts"],
    ["relay/y-websocket/session.ts", "relay/sync-room.ts"],
    ["relay/compaction/worker-compactor.ts", "relay/compaction/compactor.ts"],
    ["relay/compaction/compaction-worker.ts", "relay/compaction/compactor.ts"],
    ["transport/http.ts", "transport/listener.ts"],
    ["transport/http.ts", "ops/log.ts"],
    ["relay/sync-room.ts", "relay/document/document-state.ts"],
    ["relay/document/document-state.ts", "relay/update/update-contents.ts"],
    ["relay/update/id-set.ts", "lib/ranges.ts"],
    ["storage/sqlite/sqlite-store.ts", "storage/store.ts"],
    ["storage/postgres/postgres-store.ts", "storage/history/moments.ts"],
    ["auth/limits.ts", "config/limit.ts"],
    ["relay/import/prepare-import.ts", "relay/limits.ts"],
    ["relay/import/prepare-import.ts", "rooms/limits.ts"],
    ["relay/hocuspocus/member.ts", "relay/hocuspocus/limits.ts"],
    ["relay/audience.ts", "transport/limits.ts"],
    ["signaling/peers/session.ts", "turn/ice/ice-servers.ts"],
    ["admin/api.ts", "auth/limits.ts"],
    ["composition/settings/limits.ts", "signaling/octatecode/limits.ts"],
    ["turn/credentials/credentials.ts", "turn/message/stun-message.ts"],
    ["web/demo/main.tsx", "web/demo/editor.tsx"],
    ["web/admin/main.tsx", "web/shared/button.tsx"],
    ["web/shared/copy-button.tsx", "web/shared/clipboard.ts"],
    ["web/admin/entry/session.ts", "client/client.ts"],
  ])("%s may import %s", (from, to) => {
    expect(forbiddenImport(from, to)).toBeUndefined();
  });

  test.each([
    ["cli/server/serve.ts", "transport/listener.ts", "is an implementation"],
    ["cli/server/serve.ts", "storage/sqlite/backup.ts", "is an implementation"],
    ["cli/backup.ts", "storage/sqlite/sqlite-store.ts", "is an implementation"],
    ["composition/access/access.ts", "cli/token.ts", "is not of a lower rank"],
    ["relay/sync-room.ts", "relay/y-websocket/session.ts", "is an implementation"],
    ["relay/sync-room.ts", "relay/compaction/worker-compactor.ts", "is an implementation"],
    ["relay/sync-room.ts", "storage/sqlite/sqlite-store.ts", "is an implementation"],
    ["storage/postgres/postgres-store.ts", "storage/sqlite/sqlite-errors.ts", "is another implementation"],
    ["relay/y-websocket/session.ts", "relay/hocuspocus/codec.ts", "is an implementation"],
    ["transport/protocol.ts", "transport/http.ts", "is an implementation"],
    ["relay/compaction/worker-compactor.ts", "relay/compaction/compaction-worker.ts", "is an entry point"],
    ["relay/document/document-state.ts", "relay/sync-room.ts", "is on a higher floor"],
    ["relay/update/state-vector.ts", "relay/document/update-log.ts", "is not self-contained"],
    ["relay/update/state-vector.ts", "transport/close-reason.ts", "is not self-contained"],
    ["signaling/signaling-room.ts", "relay/update/id-set.ts", "is not of a lower rank"],
    ["cli/server/serve.ts", "main.ts", "is an entry point"],
    ["server.ts", "cli/server/serve.ts", "is not of a lower rank"],
    ["composition/relay.ts", "server.ts", "is not of a lower rank"],
    ["admin/access-api.ts", "composition/relay.ts", "is not of a lower rank"],
    ["relay/sync-room.ts", "signaling/signaling-room.ts", "is not of a lower rank"],
    ["relay/y-websocket/session.ts", "signaling/signaling-room.ts", "is not of a lower rank"],
    ["signaling/peers/session.ts", "turn/ice/ice-route.ts", "is not of a lower rank"],
    ["transport/http.ts", "rooms/room-registry.ts", "is not of a lower rank"],
    ["auth/authorizer.ts", "transport/connection.ts", "is not of a lower rank"],
    ["lib/time/clock.ts", "config/limit.ts", "is not of a lower rank"],
    ["config/load.ts", "relay/limits.ts", "is not of a lower rank"],
    ["transport/limits.ts", "rooms/limits.ts", "is not of a lower rank"],
    ["relay/limits.ts", "relay/sync-room.ts", "is on a higher floor"],
    ["relay/update/state-vector.ts", "relay/limits.ts", "is not self-contained"],
    ["signaling/quotas.ts", "signaling/octatecode/limits.ts", "is an implementation"],
    ["turn/message/stun-message.ts", "turn/credentials/credentials.ts", "is on a higher floor"],
    ["relay/sync-room.ts", "turn/message/stun-message.ts", "is not of a lower rank"],
    ["relay/sync-room.ts", "composition/settings/limits.ts", "is not of a lower rank"],
    ["transport/pages/assets.ts", "web/demo/main.tsx", "is a page's"],
    ["server.ts", "web/demo/room-name.ts", "is a page's"],
    ["web/demo/main.tsx", "lib/ranges.ts", "is the server's"],
    ["client/client.ts", "web/shared/value.ts", "is a page's"],
    ["web/demo/main.tsx", "server.ts", "is the server's"],
    ["web/shared/switch.tsx", "web/demo/page.tsx", "is on a higher floor"],
  ])("%s must not import %s, which %s", (from, to, reason) => {
    expect(forbiddenImport(from, to)).toBe(reason);
  });

  test.each([
    'import fs from "node:fs";',
    'import "node:fs";',
    'import type { Stats } from "node:fs";',
    'import { type Stats } from "node:fs";',
    'export { statSync } from "node:fs";',
    'export type * from "node:fs";',
    'export const fs = () => import("node:fs");',
    "export const fs = () => import(`node:fs`);",
    'export type Stats = import("node:fs").Stats;',
    'export type Fs = typeof import("node:fs");',
    'import fs = require("node:fs");',
    'export const fs = require("node:fs");',
  ])("see the import in %s", async (text) => {
    expect(await breachesOf("rooms/invented.ts", text)).toEqual([
      "rooms/invented.ts imports node:fs, which is not pure",
    ]);
  });

  test.each([
    ["rooms/invented.ts", "setTimeout(work, 1);", "uses setTimeout"],
    ["relay/sync-room.ts", "const at = Date.now();", "uses Date"],
    ["relay/y-websocket/session.ts", "let socket: WebSocket;", "uses WebSocket"],
    ["signaling/mailbox.ts", "const all = { Bun };", "uses Bun"],
    ["relay/sync-room.ts", 'import { WebSocket as Socket } from "ws";', "imports ws, which is not pure"],
    ["relay/sync-room.ts", "const room = await import(path);", "imports (computed), which is computed"],
    ["relay/update/id-set.ts", 'import * as v from "valibot";', "imports valibot, which is not self-contained"],
    ["relay/y-websocket/codec.ts", 'import * as Y from "yjs";', "imports yjs, which does not belong in a codec"],
    [
      "relay/y-websocket/codec.ts",
      'import { SyncRoom } from "../sync-room.ts";',
      "imports ../sync-room.ts, which does not belong in a codec",
    ],
    ["web/demo/main.tsx", 'import { join } from "node:path";', "imports node:path, which is not in browsers"],
    ["transport/http.ts", 'const port = process.env["PORT"];', "uses process.env"],
    ["cli/server/serve.ts", "const all = import.meta.env;", "uses import.meta.env"],
    [
      "cli/server/serve.ts",
      'import express from "express";',
      "imports express, which is not in package.json's dependencies",
    ],
    [
      "cli/server/serve.ts",
      'import { run } from "../../../scripts/run.ts";',
      "imports ../../../scripts/run.ts, which is outside src",
    ],
    ["cli/server/serve.ts", "export default 1;", "has a default export"],
    ["cli/server/serve.ts", "export default function serve() {}", "has a default export"],
    ["cli/server/serve.ts", "const serve = 1; export { serve as default };", "has a default export"],
    ["cli/offline.ts", 'export { openRelay } from "../composition/relay.ts";', reExport],
    ["cli/offline.ts", 'export type { Relay } from "../composition/relay.ts";', reExport],
    ["cli/offline.ts", 'export * from "../composition/relay.ts";', reExport],
    ["cli/offline.ts", 'export * as relay from "../composition/relay.ts";', reExport],
    ["cli/offline.ts", 'import { openRelay as open } from "../composition/relay.ts"; export { open };', reExport],
    ["cli/offline.ts", 'import { openRelay } from "../composition/relay.ts"; export { openRelay as open };', reExport],
    ["cli/offline.ts", 'import * as relay from "../composition/relay.ts"; export { relay };', reExport],
    ["cli/offline.ts", 'import { openRelay } from "../composition/relay.ts"; export const open = openRelay;', reExport],
    [
      "cli/offline.ts",
      'import { openRelay } from "../composition/relay.ts"; export const a = 1, b = openRelay;',
      reExport,
    ],
    ["cli/offline.ts", 'import type { Relay } from "../composition/relay.ts"; export type Opened = Relay;', reExport],
    ["cli/index.ts", "", "is a barrel"],
    ["helpers/text.ts", "", "has no place in the layout"],
    ["relay/y-websocket/session.ts", "connection.close(4_403);", "says 4403"],
    ["transport/listener.ts", "const goingAway = 1001;", "says 1001"],
  ])("find in %s: %s", async (path, text, breach) => {
    expect(await breachesOf(path, text)).toContain(`${path} ${breach}`);
  });

  test("leave alone what only looks like a breach", async () => {
    const text = `
      // import fs from "node:fs"; setTimeout(work, 4400)
      const text = 'import fs from "node:fs"' + \`process \${JSON.stringify("Bun")} 4401\` + /import "bun"/.source;
      class Timers { process() { return this.clock.setTimeout; } Date = 4444; }
      const { performance: measured } = { performance: 1000 };
      import { type Ranges, mergeRanges } from "../lib/ranges.ts";
      export type Merged = readonly Ranges[];
      export const merged = mergeRanges();
      import manifest from "../../package.json" with { type: "json" };
    `;
    expect(await breachesOf("rooms/invented.ts", text)).toEqual([]);
  });

  test.each([
    ["test/support/processes/executable.ts", "scripts/build.ts", "is of scripts/"],
    ["test/relay/sync-room.test.ts", "scripts/torture/ledger.ts", "is of scripts/"],
    ["test/conformance/executable/bench.test.ts", "scripts/bench/main.ts", "is of scripts/"],
    ["scripts/torture/kill.ts", "test/torture/kill.test.ts", "is of test/"],
    ["scripts/bench/main.ts", "test/architecture.test.ts", "is of test/"],
  ])("%s must not import %s, which %s", (from, to, reason) => {
    expect(forbiddenTool(from, to)).toBe(reason);
  });

  test.each([
    ["test/scripts/bench/table.test.ts", "scripts/bench/table.ts"],
    ["test/torture/kill.test.ts", "scripts/torture/kill.ts"],
    ["test/support/processes/load/bench-load.ts", "scripts/bench/load/traffic.ts"],
    ["scripts/torture/kill.ts", "test/support/bytes/random.ts"],
    ["scripts/torture/kill.ts", "src/lib/ranges.ts"],
    ["test/relay/sync-room.test.ts", "test/support/eventually.ts"],
  ])("%s may import %s", (from, to) => {
    expect(forbiddenTool(from, to)).toBeUndefined();
  });

  test("find a pattern that matches nothing, also inside braces", () => {
    const paths = [...facts.keys()].filter((path) => !path.startsWith("signaling/peers/"));
    expect(deadPatterns(paths)).toEqual(["signaling/peers/**"]);
  });

  test("find a full folder, and count its folders as nothing", () => {
    const files = Array.from({ length: mostLooseFiles }, (_, index) => `src/relay/file-${index}.ts`);
    expect(fullFolders([...files, "src/relay/update/id-set.ts"])).toEqual([]);
    expect(fullFolders([...files, "src/relay/one-more.ts"])).toEqual(["src/relay has 17 files"]);
  });

  test("find an import cycle of types through several files", () => {
    const imports = (...modules: string[]) => ({ imports: modules });
    const tree = new Map([
      ["lib/a.ts", imports("./b.ts", "node:fs")],
      ["lib/b.ts", imports("../config/c.ts")],
      ["config/c.ts", imports("./d.ts", "../lib/b.ts")],
      ["config/d.ts", imports()],
    ]);
    expect(importCycle(tree)).toEqual(["lib/b.ts", "config/c.ts", "lib/b.ts"]);
    tree.set("config/c.ts", imports("./d.ts"));
    expect(importCycle(tree)).toBeUndefined();
  });
});

/** The breaches of one invented file, with yjs and lib0 for dependencies. */
async function breachesOf(path: string, text: string): Promise<readonly string[]> {
  const parsed = await readSourceFacts({ [path]: text });
  return [...parsed].flatMap(([file, found]) => breaches(file, found, ["yjs", "lib0"]));
}
