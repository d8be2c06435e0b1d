import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { Workshop } from "../../support/processes/data-folder.ts";
import { findProgram, isMissing } from "../../support/processes/programs.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { ZshTerminal } from "../../support/processes/zsh-terminal.ts";

setDefaultTimeout(20_000);

const workshop = new Workshop();
const script = (shell: string) => workshop.file(`completion.${shell}`);

beforeAll(async () => {
  for (const shell of ["bash", "zsh", "fish"]) await Bun.write(script(shell), (await yurt(["completion", shell])).out);
});

afterAll(() => workshop[Symbol.dispose]());

/** Command lines up to the cursor, with what is offered for their last word. */
const offers: readonly (readonly [line: string, ...offered: string[]])[] = [
  ["yurt to", "token"],
  ["yurt documents ", "compact", "delete", "export", "fork", "import", "info", "list", "purge", "restore", "undelete"],
  ["yurt documents list --js", "--json"],
  ["yurt documents import --from ", "hocuspocus-sqlite", "ndjson", "y-leveldb"],
  ["yurt --port 80 tok", "token"],
  ["yurt --auth-mode to", "token"],
  ["yurt serve --sync-durability ", "disk", "process"],
  ["yurt serve --backup-every ", "off"],
  ["yurt completion ", "bash", "fish", "zsh"],
  ["yurt token 'notes/*' --us", "--user"],
  ["yurt token --port", ""],
  ["yurt --no-sy", "--no-sync"],
  ["yurt help docu", "documents"],
  ["yurt version --h", "--help"],
];

async function output(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd: workshop.path, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(err).toBe("");
  return out;
}

/** The words that the bash function offers when the cursor is behind the last of `words`. */
async function offeredByBash(words: readonly string[]): Promise<readonly string[]> {
  const run = `source "$0"; source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _yurt; echo "\${COMPREPLY[*]}"`;
  return (await output(["bash", "--norc", "-c", run, script("bash"), ...words])).trim().split(" ").sort();
}

describe("bash", () => {
  test.each(offers.map((offer) => [offer] as const))("completes %j", async ([line, ...offered]) => {
    expect(await offeredByBash(line.split(" "))).toEqual(offered);
  });

  test("completes a value behind an equals sign, which it makes a word of its own", async () => {
    expect(await offeredByBash(["yurt", "--auth-mode", "=", "op"])).toEqual(["open"]);
    expect(await offeredByBash(["yurt", "--auth-mode", "="])).toEqual(["open", "token", "webhook"]);
  });

  test("runs nothing that is on the command line", async () => {
    const typed = `$(touch ${workshop.file("was-run")})`;
    expect(await offeredByBash(["yurt", "token", typed, "`touch was-run`", "--us"])).toEqual(["--user"]);
    expect(existsSync(workshop.file("was-run"))).toBeFalse();
  });

  test("leaves paths to bash, and only them", async () => {
    const run = 'compopt() { echo "$*"; }; source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _yurt';
    const switchedOff = (...words: string[]) => output(["bash", "--norc", "-c", run, script("bash"), ...words]);
    expect(await output(["bash", "--norc", "-c", 'source "$0"; complete -p yurt', script("bash")])).toBe(
      "complete -o bashdefault -o default -F _yurt yurt\n",
    );
    expect(await switchedOff("yurt", "backup", "no")).toBe("");
    expect(await switchedOff("yurt", "--data", "no")).toBe("");
    expect(await switchedOff("yurt", "token", "no")).toBe("+o bashdefault +o default\n");
  });
});

describe.skipIf(isMissing("fish"))("fish", () => {
  const fish = findProgram("fish") ?? "";

  test.each(offers.map((offer) => [offer] as const))("completes %j", async ([line, ...offered]) => {
    const out = await output([
      fish,
      "--no-config",
      "-c",
      'source $argv[1]; complete -C "$argv[2]"',
      script("fish"),
      line,
    ]);
    expect(
      out
        .split("\n")
        .map((row) => row.split("\t")[0])
        .slice(0, offered[0] === "" ? 1 : -1)
        .sort(),
    ).toEqual(offered);
  });
});

describe.skipIf(isMissing("zsh"))("zsh", () => {
  test("completes commands, flags and their values", async () => {
    await using terminal = await ZshTerminal.open(findProgram("zsh") ?? "", workshop.path, script("zsh"));
    for (const [line, ...offered] of offers) {
      const [only = ""] = offered;
      // A flag with a value is completed to "--user=".
      const expected = offered.length === 1 && only !== "" ? line.replace(/\S*$/, only) : line.trim();
      expect((await terminal.completed(line)).replace(/=$/, "")).toBe(expected);
    }
  });
});

test("a shell that has no completion is refused with the shells that have one", async () => {
  expect(await yurt(["completion", "tcsh"])).toEqual({
    code: 2,
    out: "",
    err: 'yurt: There is no completion for the shell "tcsh". Give bash, zsh or fish.\n',
  });
});
