import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { migrations } from "../../../src/storage/sqlite/migrations.ts";
import { signWithSecret } from "../../support/bytes/token-signer.ts";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { ensureExecutable, Run, run } from "../../support/processes/executable.ts";
import {
  contentOf,
  endings,
  type FolderEnding,
  type FormerDataFolder,
  formerDataFolders,
  readFormer,
  unpackFormer,
} from "../../support/upgrade/former-data-folder.ts";

setDefaultTimeout(60_000);

beforeAll(ensureExecutable, 60_000);

const formers = formerDataFolders().map((name): [string, FormerDataFolder] => [name, readFormer(name)]);

test("every version of the database before this one has a data folder of the release that wrote it", () => {
  const versions = new Set(formers.map(([, { schema }]) => schema));
  expect([...versions].sort()).toEqual(migrations.slice(1).map((_, index) => index + 1));
});

describe.each(formers)("the data folder of a former release, %s,", (name, former) => {
  let workshop: Workshop;
  beforeEach(() => {
    workshop = new Workshop();
  });
  afterEach(() => workshop[Symbol.dispose]());

  test.each(endings)("whose server was %s, is served, backed up and restored", async (ending) => {
    unpackFormer(name, ending, workshop.file("yurt-data"));
    const before = workshop.file("before.db");
    const after = workshop.file("after.db");
    await yurt("backup", before, "--verify", "--data", "yurt-data");
    const documents = former.documents[ending];
    expect(await contents("yurt-data", documents)).toEqual(documents);

    const edited = await edit("yurt-data", async () => yurt("backup", after, "--verify", "--data", "yurt-data"));
    expect(edited).toEqual(await contents("yurt-data", documents));
    expect(edited).not.toEqual(documents);
    await yurt("restore", before, "--data", "yurt-data");
    expect(await contents("yurt-data", documents)).toEqual(documents);
    await yurt("restore", after, "--data", "elsewhere");
    expect(await contents("elsewhere", documents)).toEqual(edited);
  });

  const { access } = former;
  if (access !== undefined) {
    test.each(endings)("whose server was %s, keeps the secret and the revocations", async (ending) => {
      unpackFormer(name, ending, workshop.file("yurt-data"));
      await using server = serve("yurt-data", "--auth-mode", "token");
      const url = `http://127.0.0.1:${await server.port()}/api/validate?room=notes/1`;
      const validate = async (tokenId: string) => {
        const claims = { rooms: { "notes/*": "write" }, jti: tokenId, exp: Math.floor(Date.now() / 1000) + 60 };
        const authorization = `Bearer ${await signWithSecret(access.secret, claims)}`;
        return (await fetch(url, { headers: { authorization } })).json();
      };
      expect(await validate("another")).toMatchObject({ granted: true, access: "write" });
      expect(await validate(access.revokedTokenId)).toMatchObject({ granted: false, code: "revoked" });
    });
  }

  function serve(dataFolder: string, ...args: readonly string[]): Run {
    return new Run({ folder: workshop.path, args: ["--port", "0", "--data", dataFolder, ...args] });
  }

  /** Runs a command to its end, which must be a success. */
  async function yurt(...args: readonly string[]): Promise<void> {
    expect(await run({ folder: workshop.path, args })).toMatchObject({ code: 0, stderr: "" });
  }

  /** The content of these documents, as a server gives it to y-websocket clients. */
  async function contents(dataFolder: string, documents: FormerDataFolder["documents"][FolderEnding]) {
    await using server = serve(dataFolder);
    await using clients = new TestClients();
    const url = `ws://127.0.0.1:${await server.port()}`;
    const read = Object.keys(documents).map(async (document) => {
      const client = clients.connect(url, document);
      await synced(client);
      return [document, contentOf(client.doc)] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  }

  /** Edits every document with a Hocuspocus client, then does `task`. Resolves with the content of the documents. */
  async function edit(dataFolder: string, task: () => Promise<void>) {
    await using server = serve(dataFolder);
    const [kind = expect.unreachable()] = kinds.filter(({ version }) => version === 4);
    await using clients = new HocuspocusClients(kind, `ws://127.0.0.1:${await server.port()}`);
    const edited: Record<string, unknown> = {};
    for (const document of Object.keys(former.documents.stopped)) {
      const client = clients.attach(document);
      await saved(client);
      client.text.insert(client.text.length, "written after the upgrade\n");
      client.doc.getMap("map").delete("first");
      await saved(client);
      edited[document] = contentOf(client.doc);
    }
    await task();
    server.kill("SIGTERM");
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
    return edited;
  }
});
