import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeBlocks } from "../../support/docs-snippets.ts";
import { ensureExecutable, executable, Run } from "../../support/processes/executable.ts";

setDefaultTimeout(60_000);

const commands = codeBlocks("docs/http-api.md").filter(({ language }) => language === "sh" || language === "json");
/** The variables that the examples of the page use. */
const variables = commands.find(({ heading }) => heading === "Conventions")?.code ?? "";
/** Each request, with the answer that the page shows below it. */
const examples = commands.flatMap(({ heading, language, code }, index) => {
  if (language !== "sh" || code === variables) return [];
  const next = commands[index + 1];
  const answer: unknown = next?.language === "json" && next.heading === heading ? JSON.parse(next.code) : undefined;
  return [{ heading, code, answer }];
});
/** The examples without a token, which the server answers only in open mode. */
const openExamples: readonly string[] = ["POST /api/auth/token", "Documents", "Content", "Copies", "Presence"];
/** The heading of earlier examples, which make what those of a heading use. */
const former: Readonly<Record<string, string>> = { Copies: "Content", "Managing API keys": "Managing API keys" };
/** The room that a client must have open for the examples of a heading. */
const openRooms: Readonly<Record<string, string>> = { Rooms: "notes/7" };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "yurt-api-"));
  await ensureExecutable();
  await mkdir(join(folder, "bin"));
  await symlink(executable, join(folder, "bin", "yurt"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function output(script: string, data: string): Promise<string> {
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`, YURT_DATA: data };
  const shell = Bun.spawn(["sh", "-euc", script], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, code] = await Promise.all([shell.stdout.text(), shell.stderr.text(), shell.exited]);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  return stdout;
}

/** Enters a room as a client; returns the function that leaves it. */
async function enter(url: string, data: string, room: string): Promise<() => void> {
  const token = await output(`yurt token ${room} --user ann`, data);
  const socket = new WebSocket(`${url}?token=${token.trim()}`);
  await new Promise((resolve, reject) => {
    socket.addEventListener("message", resolve);
    socket.addEventListener("error", reject);
  });
  return () => socket.close();
}

describe.skipIf(Bun.which("curl") === null)("the examples of docs/http-api.md", () => {
  test("are requests with answers", () => {
    expect(variables).toContain("ADMIN_TOKEN=");
    expect(examples.filter(({ answer }) => answer !== undefined).length).toBeGreaterThan(4);
  });

  test.each(examples.map((example) => [example.heading, example] as const))(
    "%s answers as the page says",
    async (heading, example) => {
      const data = join(folder, Bun.randomUUIDv7());
      const mode = openExamples.includes(heading) ? "open" : "token";
      const earlier = examples.slice(0, examples.indexOf(example));
      const before = earlier.filter((each) => each.heading === former[heading]).map(({ code }) => code);
      await using server = new Run({ folder, args: ["--port", "0", "--data", data, "--auth-mode", mode] });
      const url = `http://127.0.0.1:${await server.port()}`;
      await using client = new AsyncDisposableStack();
      const room = openRooms[heading];
      if (room !== undefined) client.defer(await enter(`${url.replace("http", "ws")}/sync/${room}`, data, room));
      const script = [variables, ...before, example.code]
        .join("\n")
        .replace("http://127.0.0.1:4444", url)
        .replaceAll("curl ", "curl -sS ");
      const answered = await output(script, data);
      expect(answered).not.toContain("urn:yurt:problem");
      expect(answered.length).toBeGreaterThan(0);
      if (example.answer !== undefined)
        expect(Object.keys(JSON.parse(answered)).toSorted()).toEqual(Object.keys(Object(example.answer)).toSorted());
    },
  );
});
