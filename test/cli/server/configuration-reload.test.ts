import { expect, test } from "bun:test";
import { ConfigurationReload } from "../../../src/cli/server/configuration-reload.ts";
import { loadSettings } from "../../../src/composition/settings/settings.ts";
import { fileWith } from "../../support/configuration-files.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { readFrom } from "../../support/servers/configurations.ts";

/** A server whose configuration file has this text, until `write` replaces it. */
async function running(text: string, failure?: Error) {
  let file = await fileWith(text);
  const readSources = async () => ({ environment: {}, flags: new Map(), readFile: readFrom({}), file });
  const loaded = loadSettings(await readSources());
  if (!loaded.ok) throw new Error("refused");
  const { log, events } = recordedLog();
  const reloaded: unknown[] = [];
  const server = {
    reload: async (options: unknown) => {
      if (failure !== undefined) throw failure;
      reloaded.push(options);
    },
  };
  const reload = new ConfigurationReload({ configuration: loaded.configuration, readSources, server, log });
  const write = async (next: string) => {
    file = await fileWith(next);
    await reload.run();
  };
  return { write, reload, events, reloaded };
}

test("a reload reads the configuration file again", async () => {
  const { write, reload, events } = await running("port = 1\nlimits.name-bytes = 99\n");
  await write('port = 2\nlimits.name-bytes = 98\nauth.origins = ["https://a.example"]\n');
  expect(reload.current.values).toMatchObject({ port: 1, "limits.name-bytes": 98 });
  expect(events).toEqual([
    { level: "info", event: "reloaded", changed: ["auth.origins", "limits.name-bytes"] },
    { level: "warn", event: "restart-needed", settings: ["port"] },
  ]);
});

test("a reload of a file with problems logs all of them, and keeps the former settings", async () => {
  const { write, reload, events, reloaded } = await running("limits.name-bytes = 99\n");
  await write("limits.name-byts = 1\nlimits.name-bytes = 98\nport = 'x'\n");
  expect(reload.current.values["limits.name-bytes"]).toBe(99);
  expect(reloaded).toEqual([]);
  expect(events).toMatchObject([
    {
      event: "invalid-configuration-file",
      problem: "yurt.toml:1:1: Unknown key limits.name-byts",
      remedy: "Did you mean limits.name-bytes?",
    },
    { event: "invalid-setting", setting: "port", value: "x", from: "yurt.toml:3:8" },
    { event: "reload-refused", problems: 2 },
  ]);
});

test("a reload warns of the same settings as a start", async () => {
  const { write, events } = await running("");
  await write('auth.origins = ["null"]\n');
  expect(events).toMatchObject([
    { event: "reloaded", changed: ["auth.origins"] },
    { level: "warn", event: "shared-origin-allowed", origin: "null" },
  ]);
});

test("a reload that a part of the server fails to take over is logged, and tried again with the next one", async () => {
  const failure = new Error("no secrets");
  const { write, events } = await running("", failure);
  await write("limits.name-bytes = 98\n");
  await write("limits.name-bytes = 98\n");
  const failed = { level: "error", event: "reload-failed", err: expect.objectContaining({ message: "no secrets" }) };
  expect(events).toMatchObject([failed, failed]);
});

test("a reload whose settings cannot be read changes nothing, and does not reject", async () => {
  const loaded = loadSettings({ environment: {}, flags: new Map(), readFile: readFrom({}) });
  if (!loaded.ok) throw new Error("refused");
  const { log, events } = recordedLog();
  const readSources = () => Promise.reject(new Error("out of memory"));
  const server = { reload: () => Promise.reject(new Error("not asked for")) };
  const reload = new ConfigurationReload({ configuration: loaded.configuration, readSources, server, log });
  await reload.run();
  expect(events).toMatchObject([{ level: "error", event: "reload-failed" }]);
  expect(reload.current).toBe(loaded.configuration);
});
