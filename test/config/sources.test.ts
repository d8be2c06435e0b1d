import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OptionKey } from "../../src/composition/settings/options.ts";
import { describeOrigin } from "../../src/config/problem.ts";
import { readTextFile } from "../../src/config/sources.ts";
import { accepted, refused } from "../support/servers/configurations.ts";

const secret = "0123456789abcdef0123456789abcdef";
const webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3";

describe("a secret in a file", () => {
  test("is what the file holds, without the white space at its end", () => {
    const environment = {
      YURT_AUTH_MODE: "webhook",
      YURT_AUTH_WEBHOOK_URL: "https://app.example",
      YURT_AUTH_SECRET_FILE: "/run/secrets/yurt",
      YURT_AUTH_WEBHOOK_SECRET_FILE: "/run/secrets/webhook",
    };
    const files = { "/run/secrets/yurt": `${secret}\r\n\n`, "/run/secrets/webhook": `${webhookSecret} ` };
    const { values, origins, unknownVariables } = accepted(environment, {}, files);
    expect([values["auth.secret"], values["auth.webhook-secret"]]).toEqual([
      [secret],
      [Buffer.from("0123456789abcdef01234567")],
    ]);
    expect(describeOrigin(origins["auth.secret"])).toBe("environment variable YURT_AUTH_SECRET_FILE");
    expect(unknownVariables).toEqual([]);
  });

  test("may be two, each on its line", () => {
    const { values } = accepted({ YURT_AUTH_SECRET_FILE: "s" }, {}, { s: `${secret}\n${secret}2\n` });
    expect(values["auth.secret"]).toEqual([secret, `${secret}2`]);
  });

  test("is not read when a flag counts", () => {
    const { values } = accepted({ YURT_AUTH_SECRET_FILE: "missing" }, { "auth.secret": secret });
    expect(values["auth.secret"]).toEqual([secret]);
  });

  const unreadable = "cannot be read (ENOENT). Give the path of a text file.";
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["that is missing", {}, `The file that YURT_AUTH_SECRET_FILE names ${unreadable}`],
    ["that is empty", { s: " \n" }, "The file that YURT_AUTH_SECRET_FILE names is empty."],
    [
      "that holds a short one",
      { s: "short-secret" },
      "Give a secret of at least 32 bytes; to rotate it two, separated by a comma or a space.",
    ],
  ])("%s is a problem of the variable", (_, files, remedy) => {
    expect(refused({ YURT_AUTH_SECRET_FILE: "s" }, {}, files)).toEqual([
      {
        setting: "auth.secret",
        value: "***",
        origin: { from: "environment", variable: "YURT_AUTH_SECRET_FILE" },
        remedy,
      },
    ]);
  });

  test("and in a variable, too, is a problem", () => {
    const environment = { YURT_AUTH_SECRET_FILE: "s", YURT_AUTH_SECRET: secret };
    expect(refused(environment, {}, { s: secret })).toMatchObject([
      { value: "***", remedy: "Set YURT_AUTH_SECRET_FILE or YURT_AUTH_SECRET, not both." },
    ]);
    expect(refused({ ...environment, YURT_AUTH_SECRET: "" }, {}, { s: secret })).toHaveLength(1);
  });

  test("is never shown, and neither is the value that was given as its path", () => {
    const mistakes: (readonly [Readonly<Record<string, string>>, Readonly<Record<string, string>>])[] = [
      [{ YURT_AUTH_SECRET_FILE: "s3cret" }, {}],
      [{ YURT_AUTH_SECRET_FILE: "s" }, { s: "s3cret" }],
      [{ YURT_AUTH_SECRET_FILE: "s", YURT_AUTH_SECRET: "s3cret" }, { s: "s3cret" }],
      [{ YURT_AUTH_SECRET: "s3cret" }, {}],
      [{ YURT_AUTH_WEBHOOK_SECRET: "s3cret" }, {}],
    ];
    for (const [environment, files] of mistakes) {
      expect(JSON.stringify(refused(environment, {}, files))).not.toContain("s3cret");
    }
  });

  test.each<OptionKey>(["auth.secret", "auth.webhook-secret"])("%s is not shown when a flag gave it", (key) => {
    expect(JSON.stringify(refused({}, { [key]: "s3cret" }))).not.toContain("s3cret");
  });
});

test("a file is read as the text that it is, and bytes that are none are refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "yurt-test-"));
  try {
    const path = join(folder, "secret");
    writeFileSync(path, "\ufeffgeheim – ganz\n");
    expect(readTextFile(path)).toBe("geheim – ganz\n");
    writeFileSync(path, new Uint8Array([0xff, 0xfe, 0x00]));
    expect(() => readTextFile(path)).toThrow();
    expect(() => readTextFile(folder)).toThrow(expect.objectContaining({ code: "EISDIR" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
