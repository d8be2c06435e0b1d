/**
 * Writes the data folder of a release as a fixture of the upgrade tests: `bun scripts/upgrade-fixture.ts <executable>
 * <name> <commit>`. Run it with the executable of the last release before a migration is added, which was built from
 * this commit.
 */
import { Database } from "bun:sqlite";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Y from "yjs";
import { signWithSecret } from "../test/support/bytes/token-signer.ts";
import { converged, synced, type TestClient, TestClients } from "../test/support/clients/providers.ts";
import { eventually } from "../test/support/eventually.ts";
import { Run } from "../test/support/processes/executable.ts";
import { contentOf, type FolderEnding, packFormer, writeFormer } from "../test/support/upgrade/former-data-folder.ts";

const [executable = "", name = "", commit = ""] = process.argv.slice(2);
const workshop = mkdtempSync(join(tmpdir(), "yurt-fixture-"));
const folder = join(workshop, "yurt-data");
const revokedTokenId = "revoked-before-the-upgrade";
/** A release that knows this limit keeps the revocation for about as many years. */
const century = 100 * 366 * 86_400_000;

/** The documents that every release gets: names with a slash, a space and letters of several scripts. */
const names = ["notes/compacted", "notes/edited", "план 計画 🗺️"];

function serve(args: readonly string[] = []): Run {
  return new Run({ folder: workshop, command: [executable], args: ["serve", "--port", "0", ...args] });
}

async function run(...args: readonly string[]): Promise<string> {
  await using running = new Run({ folder: workshop, command: [executable], args });
  const { code, stdout } = await running.ended();
  return code === 0 ? stdout.trim() : "";
}

/** Edits of all kinds, with deletions. */
function edit({ doc, text }: TestClient, round: string): void {
  doc.transact(() => {
    text.insert(0, `${round}: a heading\n`, { bold: true });
    text.insert(text.length, `${round}: the last line, gone soon\n`);
  });
  text.delete(text.length - ", gone soon\n".length, ", gone soon".length);
  doc.getMap("map").set(round, { edited: true, by: ["ann", "bob"] });
  doc.getArray("list").push([round, 1, null]);
  const paragraph = new Y.XmlElement("p");
  doc.getXmlFragment("xml").push([paragraph]);
  paragraph.push([new Y.XmlText(round)]);
}

/** More than a compaction is worth, most of it deleted again. */
async function fill({ text }: TestClient): Promise<void> {
  for (let line = 0; line < 100; line += 1) text.insert(text.length, `${`${line} of many. `.repeat(80)}\n`);
  text.delete(0, text.length - 200);
}

/** Runs a server, connects a writer and a reader to each document, and resolves with the contents when all is stored. */
async function session(ending: FolderEnding, task: (writer: TestClient, document: string) => Promise<void>) {
  await using server = serve();
  await using clients = new TestClients();
  const url = `ws://127.0.0.1:${await server.port()}`;
  const contents: Record<string, unknown> = {};
  for (const document of names) {
    const [writer, reader] = [clients.connect(url, document), clients.connect(url, document)];
    await Promise.all([writer, reader].map(synced));
    await task(writer, document);
    await converged([writer, reader]);
    contents[document] = contentOf(reader.doc);
  }
  if (ending === "stopped") await eventually("compacted", () => baseRows() > 0, 60_000);
  server.kill(ending === "stopped" ? "SIGTERM" : "SIGKILL");
  await server.ended();
  packFormer(name, ending, folder);
  return contents;
}

function query<Row>(sql: string): Row | undefined {
  // The folder of a running server is copied, because its database must not be opened beside it in this process.
  const copy = join(workshop, "copy");
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, { recursive: true });
  const database = new Database(join(copy, "yurt.db"));
  try {
    return database.query<Row, []>(sql).get() ?? undefined;
  } finally {
    database.close();
  }
}

function baseRows(): number {
  return query<{ count: number }>("SELECT count(*) AS count FROM documents WHERE base IS NOT NULL")?.count ?? 0;
}

/** Lets the release generate its secret, and revokes a token; undefined if it has no tokens. */
async function makeAccess() {
  const limit = ["--limits-token-ms", String(century)];
  const secret = await run("token", "notes/*", "--user", "ann", "--admin").then(readSecret);
  if (secret === undefined) return undefined;
  await using server = serve(["--auth-mode", "token", ...limit]);
  const seconds = Math.floor(Date.now() / 1000);
  const token = await signWithSecret(secret, { sub: "admin", admin: true, rooms: {}, iat: seconds, exp: seconds + 60 });
  const answer = await fetch(`http://127.0.0.1:${await server.port()}/api/revocations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ tokenId: revokedTokenId }),
  });
  if (answer.status !== 201) throw new Error(`not revoked: ${answer.status} ${await answer.text()}`);
  server.kill("SIGTERM");
  await server.ended();
  return { secret, revokedTokenId };
}

async function readSecret(token: string): Promise<string | undefined> {
  if (token === "") return undefined;
  const secrets: unknown = await Bun.file(join(folder, "secrets.json")).json();
  const [secret] = typeof secrets === "object" && secrets !== null ? Object.values(secrets) : [];
  return typeof secret === "string" ? secret : undefined;
}

try {
  const access = await makeAccess();
  const stopped = await session("stopped", async (writer, document) => {
    if (document === "notes/compacted") await fill(writer);
    edit(writer, "first");
  });
  const killed = await session("killed", async (writer) => edit(writer, "second"));
  writeFormer(name, {
    schema: query<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0,
    release: `${(await run("version")).replace(/ \(.*/, "")}, built from ${commit}`,
    documents: { stopped, killed },
    ...(access !== undefined && { access }),
  });
} finally {
  rmSync(workshop, { recursive: true, force: true });
}
