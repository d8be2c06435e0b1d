import { afterAll, describe, expect, test } from "bun:test";
import { health } from "../../../src/cli/server/health.ts";
import { type Flags, givenFlags, readFrom } from "../../support/servers/configurations.ts";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url, headers }) => {
    const { pathname } = new URL(url);
    if (pathname !== "/readyz") return new Response("elsewhere");
    expect(headers.get("host")).toStartWith("127.0.0.1:");
    return answers.shift() ?? new Response("no more answers", { status: 500 });
  },
});
const port = String(server.port);
const answers: Response[] = [];

afterAll(() => server.stop(true));

async function check(environment: Record<string, string>, flags: Flags = {}) {
  const written = { out: "", err: "" };
  const code = await health({
    sources: { environment, flags: givenFlags(flags), readFile: readFrom({}) },
    stdout: { write: (text) => (written.out += text) },
    stderr: { write: (text) => (written.err += text) },
  });
  return { code, ...written };
}

describe("yurt health", () => {
  test("is 0 when the server is ready", async () => {
    answers.push(new Response("ready\n"));
    expect(await check({ YURT_PORT: port })).toEqual({ code: 0, out: "ready\n", err: "" });
  });

  test("names the URL at which clients reach the server, and asks on this machine", async () => {
    answers.push(new Response("ready\n"));
    expect(await check({ YURT_PORT: port, YURT_PUBLIC_URL: "https://collab.example/yurt/" })).toEqual({
      code: 0,
      out: "ready, served at https://collab.example/yurt\n",
      err: "",
    });
  });

  test("asks on loopback when the server listens on every address, whatever its access mode", async () => {
    answers.push(new Response("ready\n"));
    expect(await check({ YURT_HOST: "0.0.0.0" }, { port })).toMatchObject({ code: 0 });
  });

  test("is 1 and says why in a line when the server is not ready", async () => {
    answers.push(new Response("not ready: the disk is full\n", { status: 503 }));
    expect(await check({ PORT: port })).toEqual({
      code: 1,
      out: "",
      err: `yurt: The server at http://127.0.0.1:${port}/readyz is not ready (503): the disk is full.\n`,
    });
  });

  test("does not follow a redirection to something that is well", async () => {
    answers.push(new Response("", { status: 302, headers: { location: "/elsewhere" } }));
    expect(await check({ PORT: port })).toMatchObject({ code: 1 });
  });

  test("is 1 when nothing listens", async () => {
    const closed = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    const closedPort = String(closed.port);
    await closed.stop(true);
    expect(await check({}, { port: closedPort })).toEqual({
      code: 1,
      out: "",
      err: `yurt: No server answers at http://127.0.0.1:${closedPort}/readyz. Start it, or give its address with --host and --port.\n`,
    });
  });

  test("is 1 when the port is unknown", async () => {
    expect(await check({}, { port: "0" })).toEqual({
      code: 1,
      out: "",
      err: "yurt: With port 0 the server takes any free port. Give its actual port with --port.\n",
    });
  });
});
