import { expect, test } from "bun:test";
import { pino } from "pino";
import { openPages, type PagesOptions } from "../../src/composition/pages.ts";

const options: PagesOptions = {
  host: "127.0.0.1",
  auth: { mode: "open", secrets: [], readersShowPresence: true },
  syncEnabled: true,
  publicUrl: undefined,
  log: pino({ level: "silent" }),
};

interface Client {
  readonly remoteAddress?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Facts extends Readonly<Record<string, unknown>> {
  readonly startedAt: number;
  readonly networkUrls: readonly string[];
}

const factsIn = async (response: Response) => (await response.json()) as Facts; // the page reads it as it comes

/** The answer to a page's question about its server. */
async function facts(difference: Partial<PagesOptions>, client: Client = {}): Promise<Response> {
  await using pages = openPages({ ...options, ...difference });
  const { remoteAddress = "127.0.0.1", headers = { host: "127.0.0.1:4444" } } = client;
  const request = new Request("http://127.0.0.1:4444/demo/config.json", { headers });
  const response = await pages.routes?.fetch(request, { remoteAddress });
  if (response === undefined) throw new Error("the pages have no routes");
  return response;
}

test("the demo learns the public URL", async () => {
  const response = await facts({ publicUrl: new URL("https://collab.example/yurt") });
  expect(await response.json()).toMatchObject({ publicUrl: "https://collab.example/yurt", networkUrls: [] });
});

test("the demo learns which server this is, anew each time", async () => {
  const before = Date.now();
  const response = await facts({
    auth: { mode: "token", secrets: [], readersShowPresence: true },
    syncEnabled: false,
  });
  const body = await factsIn(response);
  expect(body).toEqual({
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    startedAt: expect.any(Number),
    sync: false,
    mode: "token",
    local: true,
    networkUrls: [],
  });
  expect(body.startedAt).toBeGreaterThanOrEqual(before);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
});

test("a page on this machine learns the addresses in the network, of a server that listens on all of them", async () => {
  const { networkUrls } = await factsIn(await facts({ host: "0.0.0.0" }));
  for (const url of networkUrls) expect(url).toMatch(/^http:\/\/\d+\.\d+\.\d+\.\d+:4444\/$/);
  expect(await factsIn(await facts({ host: "127.0.0.1" }))).toMatchObject({ local: true, networkUrls: [] });
});

test.each<[string, Client]>([
  ["comes from another machine", { remoteAddress: "192.0.2.7" }],
  ["names another host", { headers: { host: "yurt.example" } }],
  ["came through a proxy", { headers: { host: "127.0.0.1:4444", "x-forwarded-for": "192.0.2.7" } }],
])("a page whose request %s learns no addresses in the network", async (_, client) => {
  expect(await factsIn(await facts({ host: "0.0.0.0" }, client))).toMatchObject({ local: false, networkUrls: [] });
});
