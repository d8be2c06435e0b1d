import { expect, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import { shownSettings } from "../../../src/composition/administration/shown-settings.ts";
import { optionKeys } from "../../../src/composition/settings/options.ts";
import { loadSettings } from "../../../src/composition/settings/settings.ts";
import { readTextFile } from "../../../src/config/sources.ts";
import { startApiServer } from "../../support/api/api-server.ts";

test("all settings are shown with their origins, and no secret", async () => {
  const environment = { YURT_AUTH_MODE: "token", YURT_AUTH_SECRET: "a-secret-that-nobody-may-see-and-is-long-enough" };
  const flags = new Map([["port", { flag: "--port", value: "0" }]]);
  const loaded = loadSettings({ environment, flags, readFile: readTextFile });
  if (!loaded.ok) throw new Error("invalid settings");
  await using api = await startApiServer({ mode: "token", configuration: () => shownSettings(loaded.configuration) });
  const client = new YurtClient({ url: api.server.url, token: await api.adminToken() });
  const items = await client.server.configuration();
  expect(items.map(({ setting }) => setting)).toEqual([...optionKeys]);
  const find = (name: string) => items.find(({ setting }) => setting === name);
  expect(find("port")).toEqual({ setting: "port", value: 0, origin: "flag --port", reloadable: false });
  expect(find("auth.secret")).toMatchObject({ value: "***", origin: "environment variable YURT_AUTH_SECRET" });
  expect(find("log.level")).toEqual({ setting: "log.level", value: "info", origin: "default", reloadable: true });
  expect(find("public-url")).toMatchObject({ value: null, origin: "not set" });
  expect(JSON.stringify(items)).not.toContain("nobody-may-see");
});
