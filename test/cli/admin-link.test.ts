import { afterEach, beforeEach, expect, test } from "bun:test";
import { YurtClient } from "../../src/client/client.ts";
import { Workshop } from "../support/processes/data-folder.ts";
import { yurt } from "../support/processes/run-program.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

let workshop: Workshop;
let data: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
});

afterEach(() => workshop[Symbol.dispose]());

const adminLink = (...args: readonly string[]) => yurt(["admin", "link", "--data", data, ...args]);

test.each(["open", "token"] as const)("a link of a server in mode %s lets an administrator in once", async (mode) => {
  await using server = await startTestServer({ dataFolder: data, auth: { mode, secrets: [] } });
  const { code, err, out } = await adminLink();
  expect([code, err]).toEqual([0, "yurt: The link is valid once, for 30 minutes. Give it only to an administrator.\n"]);
  const [, page, secret = ""] = /^(.*)#code=(\S+)\n$/.exec(out) ?? [];
  expect(page).toBe(`${server.url}/admin`);
  const stranger = new YurtClient({ url: server.url });
  const { token } = await stranger.server.createAdminSession(secret);
  expect((await new YurtClient({ url: server.url, token }).page({ deleted: true })).items).toEqual([]);
  await expect(stranger.server.createAdminSession(secret)).rejects.toMatchObject({ code: "unauthorized" });
});

test("without a server there is no link", async () => {
  expect(await adminLink()).toEqual({
    code: 1,
    out: "",
    err: `yurt: No server runs on the data folder ${data}. Start it, or give its folder with --data.\n`,
  });
});

test("the command needs the secret of the server", async () => {
  await using server = await startTestServer({
    dataFolder: data,
    auth: { mode: "token", secrets: ["the secret of the server, long enough"] },
  });
  const { code, err, out } = await adminLink();
  expect([code, out]).toEqual([1, ""]);
  expect(err).toStartWith(`yurt: The server at ${server.url} refuses to make a link (unauthorized): `);
  expect(err).toEndWith(" Run the command with the configuration of the server.\n");
});
