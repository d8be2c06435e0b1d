import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { optionKeys, options } from "../../../src/composition/settings/options.ts";
import { parseConfigurationFile } from "../../../src/config/file/configuration-file.ts";
import { inputOfFile } from "../../../src/config/file/file-input.ts";
import type { Option } from "../../../src/config/option.ts";
import { acceptedFile, fileWith } from "../../support/configuration-files.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";

const secret = "0123456789abcdef0123456789abcdef";

let folder: Workshop;
beforeAll(() => {
  folder = new Workshop();
});
afterAll(() => folder[Symbol.dispose]());

describe("yurt config show", () => {
  const environment = { YURT_AUTH_SECRET: secret, YURT_AUTH_MODE: "webhook" };
  const url = "https://ann.example/yurt?key=s3cret";
  const configuration = () => {
    const path = folder.file("yurt.toml");
    writeFileSync(
      path,
      `port = 5\ncompat-ports = [1, 2]\n[auth]\nwebhook-url = "${url}"\nissuer = "\\u007f\\u001b\\""\n`,
    );
    return ["--config", path, "--log-level", "warn"];
  };

  test("prints every setting with its origin, and masks secrets", async () => {
    const { code, out, err } = await yurt(["config", "show", ...configuration()], { environment });
    expect([code, err]).toEqual([0, ""]);
    const lines = out.replaceAll(`${folder.path}/`, "").trimEnd().split("\n");
    expect(lines).toHaveLength(optionKeys.length);
    for (const line of [
      'host = "127.0.0.1"                     # default',
      "port = 5                               # yurt.toml:1:8",
      "compat-ports = [1, 2]                  # yurt.toml:2:16",
      'auth.mode = "webhook"                  # environment variable YURT_AUTH_MODE',
      'auth.secret = "***"                    # environment variable YURT_AUTH_SECRET',
      'auth.webhook-url = "https://ann.example/yurt?***" # yurt.toml:4:15',
      'log.level = "warn"                     # flag --log-level',
      "# auth.jwks                            # not set",
    ]) {
      expect(lines).toContain(line);
    }
    expect(out).not.toContain(secret);
    expect(out).not.toContain("s3cret");
  });

  test("prints TOML that says the same", async () => {
    const { out } = await yurt(["config", "show", ...configuration()], { environment: { YURT_AUTH_MODE: "webhook" } });
    const { values } = await acceptedFile(out.replace("?***", ""));
    expect(values).toMatchObject({
      port: 5,
      "compat-ports": [1, 2],
      "log.level": "warn",
      "auth.issuer": '\u007f\u001b"',
    });
  });

  test("prints JSON lines", async () => {
    const { out } = await yurt(["config", "show", "--json", ...configuration()], { environment });
    const rows = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(optionKeys.length);
    expect(rows).toContainEqual({
      setting: "port",
      value: 5,
      from: "file",
      path: folder.file("yurt.toml"),
      line: 1,
      column: 8,
      reloadable: false,
    });
    expect(rows).toContainEqual({
      setting: "log.level",
      value: "warn",
      from: "flag",
      flag: "--log-level",
      reloadable: true,
    });
    expect(rows).toContainEqual({ setting: "auth.jwks", value: null, from: "default", reloadable: false });
    expect(rows).toContainEqual({
      setting: "auth.secret",
      value: "***",
      from: "environment",
      variable: "YURT_AUTH_SECRET",
      reloadable: true,
    });
  });

  test("ends with 78 when the configuration is not valid", async () => {
    const { code, out, err } = await yurt(["config", "show", "--port", "x"]);
    expect([code, out]).toEqual([78, ""]);
    expect(err).toStartWith("yurt: Invalid configuration (1 problem).\n");
  });
});

describe("yurt config init", () => {
  test("prints a file that is valid as it stands, and sets nothing", async () => {
    const { code, out } = await yurt(["config", "init"]);
    expect(code).toBe(0);
    const { file, origins } = await acceptedFile(out);
    expect(file?.path).toBe("yurt.toml");
    expect(Object.values(origins).every(({ from }) => from === "default")).toBeTrue();
    expect(out.split("\n").every((line) => line.length <= 80)).toBeTrue();
  });

  test("prints a file in which every setting can be uncommented, with its default or a value that is accepted", async () => {
    const { out } = await yurt(["config", "init"]);
    const { values, problems } = await fileWith(out.replaceAll(/^#(?! |$)/gm, ""));
    expect(problems).toEqual([]);
    for (const key of optionKeys) {
      const option: Option<unknown> = options[key];
      const found = values.get(key);
      expect(found !== undefined, key).toBe(option.isRare !== true);
      if (found === undefined) continue;
      const input = inputOfFile(option.kind, found.value);
      expect(input, key).toBeDefined();
      if (option.isSecret === true) {
        // Nobody may run a server with the secret of this file.
        expect(v.is(option.schema, input), key).toBeFalse();
        expect(values.has(`${key}-file`)).toBeTrue();
        continue;
      }
      expect(v.is(option.schema, input), key).toBeTrue();
      const isEmpty = option.default === undefined || String(option.default) === "";
      expect(input).toEqual(isEmpty ? option.example : option.default);
    }
  });

  test("names settings in its comments as a file does, never as flags", async () => {
    const { out } = await yurt(["config", "init"]);
    expect(out.match(/--[a-z-]+/g)).toBeNull();
  });

  test("writes a new file, and never over another one", async () => {
    const path = folder.file("new.toml");
    const written = await yurt(["config", "init", "--output", path]);
    expect(written).toEqual({
      code: 0,
      out: `${path} is written. Edit it, then run: yurt check --config ${path}\n`,
      err: "",
    });
    const text = readFileSync(path, "utf8");
    expect(text).toBe((await yurt(["config", "init"])).out);
    const file = await parseConfigurationFile(options, { path, text, isReadableByOthers: true });
    expect([file.problems, file.exposesSecrets]).toEqual([[], false]);
    expect(await yurt(["config", "init", "--output", path])).toEqual({
      code: 1,
      out: "",
      err: `yurt: ${path} already exists. Choose another file name with --output.\n`,
    });
    const below = folder.file("nowhere", "yurt.toml");
    expect((await yurt(["config", "init", "--output", below])).err).toBe(
      `yurt: There is no folder ${folder.file("nowhere")}. Create it, or choose another file name.\n`,
    );
  });
});
