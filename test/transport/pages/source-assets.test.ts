import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { AssetsNotBuilt } from "../../../src/transport/pages/assets.ts";
import { assetsRefresher } from "../../../src/transport/pages/source-assets.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

let root: string;
let lines: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "yurt-source-assets-"));
  lines = [];
});

afterEach(() => rm(root, { recursive: true }));

async function refresherOf(script: string): Promise<() => Promise<void>> {
  await Bun.write(join(root, "scripts", "assets.ts"), script);
  return assetsRefresher(root, pino({ base: null }, { write: (line) => lines.push(line) }));
}

test("requests during a build share one more build, because they may follow a change", async () => {
  const refresh = await refresherOf(`
    import { appendFileSync } from "node:fs";
    appendFileSync("builds", process.argv[2] + " ");
  `);
  const first = refresh();
  await Promise.resolve();
  await Promise.all([first, refresh(), refresh(), refresh()]);
  expect(await Bun.file(join(root, "builds")).text()).toBe("development development ");
  await refresh();
  expect(await Bun.file(join(root, "builds")).text()).toBe("development development development ");
});

test("the reason of a failed build is shown and logged", async () => {
  const refresh = await refresherOf('console.error("main.tsx:1:1"); process.exit(1);');
  const error: unknown = await refresh().catch((caught) => caught);
  await expect(refresh()).rejects.toThrow("main.tsx");
  expect(error).toEqual(new AssetsNotBuilt("main.tsx:1:1\n"));
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ event: "pages-not-built", trouble: "main.tsx:1:1\n" });
});

test("a server that runs from source has the demo", async () => {
  await using server = await startTestServer();
  const page = await fetch(server.url);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html;charset=utf-8"]);
  const [, script = ""] = /src="([^"]+\.js)"/.exec(await page.text()) ?? [];
  expect((await fetch(new URL(script, server.url))).headers.get("cache-control")).toEndWith("immutable");
});
