import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { packClient } from "../../scripts/release/client-package.ts";
import { YurtClient } from "../../src/client/client.ts";
import { startApiServer } from "../support/api/api-server.ts";
import { snippetsOf } from "../support/docs-snippets.ts";
import { runProgram } from "../support/packaging/release-build.ts";

/** The secret of `startApiServer`. */
const testSecret = "the secret of the test servers, long enough";
const root = join(import.meta.dir, "../..");
let app: string;

/** An application that has installed the package, beside yjs. */
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), "yurt-client-"));
  const time = new Date(1_700_000_000_000);
  const archive = await packClient({
    ...{ root, folder: app, staging: join(app, "staging"), version: "1.2.3", license: "MIT", time },
  });
  const modules = join(app, "node_modules");
  await mkdir(join(modules, "yurt-client"), { recursive: true });
  await runProgram(["tar", "xzf", archive, "--strip-components=1", "-C", join(modules, "yurt-client")]);
  for (const name of ["yjs", "lib0", "isomorphic.js", "y-websocket", "y-protocols", "react", "@types"])
    await symlink(join(root, "node_modules", name), join(modules, name));
  await writeFile(join(app, "package.json"), '{ "type": "module" }');
}, 60_000);

afterAll(() => rm(app, { recursive: true, force: true }));

const program = `
import { YurtClient } from "yurt-client";
import { YurtError } from "yurt-client/errors";
import { HttpProvider } from "yurt-client/http-provider";
import { mintToken } from "yurt-client/tokens";
import { verifyWebhook } from "yurt-client/webhooks";
import * as Y from "yjs";

const { YURT_URL: url, YURT_SECRET: secret } = process.env;
const token = await mintToken({ secret, rooms: { "app/*": "write" }, user: "ann" });
const document = new YurtClient({ url, token }).document("app/1");
await document.content.put({ text: "hello" }, { as: "auto" });

const doc = new Y.Doc();
const synced = Promise.withResolvers?.() ?? deferred();
const provider = new HttpProvider(doc, document, { onState: (state) => state === "synced" && synced.resolve() });
await synced.promise;
await document.content.patch([{ op: "text", path: "/text", at: 5, ins: " world" }]);
while (doc.getText("text").toString() !== "hello world") await new Promise((later) => setTimeout(later, 5));
provider.close();

const refused = await new YurtClient({ url }).document("app/1").info().catch((error) => error);
const forged = await verifyWebhook({ body: "{}", headers: {} }, { secret: "whsec_AAAA" }).catch((error) => error);
console.log(JSON.stringify([await document.content.text("text"), refused instanceof YurtError && refused.code, forged.code]));

function deferred() {
  let resolve;
  const promise = new Promise((resolved) => { resolve = resolved; });
  return { promise, resolve };
}
`;

const node = Bun.which("node");

test("the package works in Bun", () => works(process.execPath));

test.skipIf(node === null)("the package works in Node", () => works(node ?? ""));

async function works(runtime: string): Promise<void> {
  await using api = await startApiServer({ mode: "token" });
  await writeFile(join(app, "program.mjs"), program);
  const { code, stderr, stdout } = await runProgram([runtime, "program.mjs"], {
    cwd: app,
    environment: { YURT_URL: api.server.url, YURT_SECRET: testSecret },
  });
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual(["hello world", "unauthorized", "missing-header"]);
}

describe("docs/clients/client.md", () => {
  const page = "docs/clients/client.md";
  const tested = new Set<string>();
  /** Runs a snippet of the page, with more code after it, in an application that has the package. */
  const run = async (heading: string, url: string, environment: Record<string, string>, more = "") => {
    const id = `${page}#${heading}`;
    tested.add(id);
    const code = snippetsOf(page).get(id) ?? "";
    await writeFile(join(app, "snippet.mjs"), `${code.replaceAll("http://127.0.0.1:4444", url)}\n${more}`);
    const { stderr, stdout } = await runProgram([process.execPath, "snippet.mjs"], { cwd: app, environment });
    return stderr + stdout;
  };

  test("reads and changes documents", async () => {
    await using api = await startApiServer({ mode: "token" });
    const key = api.keys["docs:write"];
    await new YurtClient({ url: api.server.url, token: key })
      .document("notes/7")
      .content.put({ text: "Helo world" }, { as: "auto" });
    const printed = await run("Read and change documents", api.server.url, { YURT_API_KEY: key });
    expect(printed).toBe("notes/7\nHello world\n");
  });

  test("creates tokens, and verifies webhooks", async () => {
    await using api = await startApiServer({ mode: "token" });
    const { url } = api.server;
    const secret = `whsec_${btoa("a secret of thirty-two bytes, ok")}`;
    const at = new Date();
    const body = '{"type":"ping"}';
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      "webhook-signature": new Webhook(secret).sign("msg_1", at, body),
    };
    const more = `
const query = new URLSearchParams({ room: "notes/ann", token: await tokenFor("ann") });
const { access } = await (await fetch("${url}/api/validate?" + query)).json();
const { type } = await messageOf(new Request("${url}", { method: "POST", body: '${body}', headers: ${JSON.stringify(headers)} }));
console.log(access, type);`;
    const environment = { YURT_AUTH_SECRET: testSecret, YURT_WEBHOOK_SECRET: secret };
    expect(await run("Tokens and webhooks", url, environment, more)).toBe("write ping\n");
  });

  test("has no other snippets", () => {
    expect([...snippetsOf(page).keys()].toSorted()).toEqual([...tested].toSorted());
  });
});

test("its types hold for an application in strict mode", async () => {
  await writeFile(
    join(app, "program.ts"),
    `import { YurtClient } from "yurt-client";
import { useDocument, useShared } from "yurt-client/react";
import { mintToken } from "yurt-client/tokens";

export async function titles(): Promise<string> {
  const yurt = new YurtClient({ url: "http://127.0.0.1:4444", token: await mintToken({ secret: "s", rooms: { a: "read" } }) });
  for await (const { bytes } of yurt.documents()) bytes.toFixed();
  // @ts-expect-error: a patch has no such operation
  await yurt.document("a").content.patch([{ op: "rename", path: "/a" }]);
  return yurt.document("a").content.text("text");
}

export function Notes(): string | undefined {
  const open = useDocument({ url: "http://127.0.0.1:4444", name: "notes" });
  return useShared(open?.doc.getText("text"));
}
`,
  );
  await writeFile(
    join(app, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        ...{ strict: true, noEmit: true, module: "nodenext", target: "es2022", types: [], skipLibCheck: false },
        lib: ["es2022", "dom", "dom.iterable", "dom.asynciterable"],
      },
      files: ["program.ts"],
    }),
  );
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await runProgram([process.execPath, compiler, "-p", app]);
  expect(stdout.split("\n").filter((line) => !/node_modules\/(lib0|y-websocket|y-protocols|yjs)/.test(line))).toEqual([
    "",
  ]);
}, 60_000);
