import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { options } from "../../../src/composition/settings/options.ts";
import { readConfigurationFile } from "../../../src/config/file/read-file.ts";
import { describeProblem } from "../../../src/config/problem.ts";
import { readTextFile } from "../../../src/config/sources.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

const secret = 'auth.secret = "0123456789abcdef0123456789abcdef"\n';

let folder: Workshop;
beforeAll(() => {
  folder = new Workshop();
  writeFileSync(folder.file("one.toml"), "port = 1\n");
  writeFileSync(folder.file("two.toml"), "port = 2\n");
  writeFileSync(folder.file("bytes.toml"), new Uint8Array([0xff, 0xfe]));
  writeFileSync(folder.file("bom.toml"), "\ufeffport = 3\n");
  mkdirSync(folder.file("folder.toml"));
});
afterAll(() => folder[Symbol.dispose]());

/** Reads with these names of files in the folder, in place of paths. */
async function read(names: {
  readonly flag?: string;
  readonly variable?: string;
  readonly known?: string;
  readonly search?: readonly string[];
}) {
  const path = (name: string | undefined) => (name === undefined || name === "" ? name : folder.file(name));
  const file = await readConfigurationFile(options, {
    flag: path(names.flag),
    environment: { YURT_CONFIG: path(names.variable) },
    known: path(names.known),
    paths: (names.search ?? []).map((name) => folder.file(name)),
    readFile: readTextFile,
  });
  if (file === undefined) return undefined;
  const { problems, values, path: found } = file;
  const shown = (text: string) => text.replaceAll(`${folder.path}/`, "");
  return {
    path: shown(found),
    keys: [...values.keys()],
    problems: problems.map((each) => shown(describeProblem(each))),
  };
}

const nobody = 65_534;

/** Does what `task` does synchronously as a user who has no permission for the path. Root has all of them. */
function withoutPermission<Result>(path: string, task: () => Result): Result {
  const isRoot = process.geteuid?.() === 0;
  chmodSync(folder.path, 0o755);
  chmodSync(path, 0);
  if (isRoot) process.seteuid?.(nobody);
  try {
    return task();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(path, 0o700);
  }
}

describe("the configuration file", () => {
  test("is the one that the flag names, else the one of the variable, else the first that exists", async () => {
    const search = ["missing.toml", "two.toml", "one.toml"];
    expect((await read({ flag: "one.toml", variable: "two.toml", search }))?.path).toBe("one.toml");
    expect((await read({ variable: "one.toml", search }))?.path).toBe("one.toml");
    expect(await read({ search })).toEqual({ path: "two.toml", keys: ["port"], problems: [] });
    expect(await read({ search: ["missing.toml", "one.toml/below.toml"] })).toBeUndefined();
  });

  test.each([
    [{ flag: "missing.toml", search: ["one.toml"] }, "missing.toml: --config names a file that does not exist"],
    [{ variable: "missing.toml" }, "missing.toml: YURT_CONFIG names a file that does not exist"],
    [{ variable: "", search: ["one.toml"] }, "YURT_CONFIG: The value is empty"],
    [{ flag: "", variable: "one.toml" }, "--config: The value is empty"],
    [{ flag: "bytes.toml" }, "bytes.toml: The file is not UTF-8 text"],
    [{ search: ["folder.toml", "one.toml"] }, "folder.toml: The file cannot be read (EISDIR)"],
  ])("that cannot be read is a problem: %j", async (names, problem) => {
    expect((await read(names))?.problems).toEqual([problem]);
  });

  test.skipIf(process.platform === "win32")("is not looked for in a folder that the user may not enter", async () => {
    mkdirSync(folder.file("closed"));
    writeFileSync(folder.file("closed", "yurt.toml"), "port = 1\n");
    const search = ["closed/yurt.toml", "two.toml"];
    const found = await withoutPermission(folder.file("closed"), () => read({ search }));
    expect(found?.path).toBe("two.toml");
  });

  test.skipIf(process.platform === "win32")("is a problem where it exists and the user may not read it", async () => {
    writeFileSync(folder.file("closed.toml"), "port = 1\n");
    const search = ["closed.toml", "two.toml"];
    const found = await withoutPermission(folder.file("closed.toml"), () => read({ search }));
    expect(found?.problems).toEqual(["closed.toml: The file cannot be read (EACCES)"]);
  });

  test("that was found before is read again, and no other one when it is gone", async () => {
    expect((await read({ known: "two.toml", search: ["one.toml"] }))?.path).toBe("two.toml");
    const gone = await read({ known: "missing.toml", search: ["one.toml"] });
    expect(gone?.problems).toEqual(["missing.toml: The file no longer exists"]);
  });

  test("that is a link which leads nowhere is a problem, and no other file counts", async () => {
    symlinkSync(folder.file("gone.toml"), folder.file("link.toml"));
    const found = await read({ search: ["link.toml", "one.toml"] });
    expect(found?.problems).toEqual([expect.stringContaining("link.toml: The link leads to no file")]);
    expect(await read({ search: ["gone.toml", "one.toml"] })).toMatchObject({ problems: [] });
  });

  test("may begin with a byte order mark", async () => {
    expect(await read({ flag: "bom.toml" })).toEqual({ path: "bom.toml", keys: ["port"], problems: [] });
  });
});

test.skipIf(process.platform === "win32").each([
  [secret, 0o644, true],
  [secret, 0o640, false],
  [secret, 0o600, false],
  ['auth.secret-file = "s"\n', 0o644, false],
  ["port = 1\n", 0o644, false],
])("a file with %j and mode %o exposes secrets: %p", async (text, mode, exposes) => {
  const flag = folder.file("mode.toml");
  writeFileSync(flag, text);
  chmodSync(flag, mode);
  const file = await readConfigurationFile(options, { flag, environment: {}, paths: [], readFile: readTextFile });
  expect(file?.exposesSecrets).toBe(exposes);
});
