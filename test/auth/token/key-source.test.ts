import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type KeySetLocation, KeySourceError, keySourceAt } from "../../../src/auth/token/key-source.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { KeyServer } from "../../support/servers/key-server.ts";

const { signal } = new AbortController();
const mebibyte = 1024 * 1024;
/** JSON text of this many bytes. */
const jsonOf = (bytes: number) => `"${"a".repeat(bytes - 2)}"`;

async function problem(location: KeySetLocation): Promise<string> {
  const error = await keySourceAt(location)(signal).catch((reason: unknown) => reason);
  return error instanceof KeySourceError ? error.message : `unexpected: ${error}`;
}

describe("a key set at a URL", () => {
  test("is fetched each time", async () => {
    await using server = new KeyServer();
    const source = keySourceAt(server.location);
    server.answer(() => Response.json({ keys: [] }));
    expect(await source(signal)).toEqual({ keys: [] });
    server.answer(() => Response.json([1]));
    expect(await source(signal)).toEqual([1]);
  });

  test("may be compressed, and may have 1 MiB", async () => {
    await using server = new KeyServer();
    const text = jsonOf(mebibyte);
    server.answer(() => new Response(Bun.gzipSync(text), { headers: { "content-encoding": "gzip" } }));
    expect(await keySourceAt(server.location)(signal)).toBe(JSON.parse(text));
  });

  test.each([
    ["is larger", () => new Response(jsonOf(mebibyte + 1)), "larger than 1048576 bytes"],
    [
      "is larger than it looks",
      () => new Response(Bun.gzipSync(jsonOf(100 * mebibyte)), { headers: { "content-encoding": "gzip" } }),
      "larger than 1048576 bytes",
    ],
    ["is not JSON", () => new Response("secret garbage"), "not JSON"],
    ["is not there", () => new Response("{}", { status: 404 }), "server answered 404"],
    ["is elsewhere", () => Response.redirect("/other", 302), "server answered 302"],
  ])("that %s has a problem", async (_, answer, expected) => {
    await using server = new KeyServer();
    server.answer(answer);
    expect(await problem(server.location)).toBe(expected);
    expect(server.requests).toBe(1);
  });

  test("of an unreachable server has a problem that does not quote the URL", async () => {
    const server = new KeyServer();
    await server.takeDown();
    expect(await problem(server.location)).toBe("server unreachable (ECONNREFUSED)");
  });

  test("is aborted with its signal", async () => {
    await using server = new KeyServer();
    const asked = Promise.withResolvers<AbortSignal>();
    server.answer((request) => {
      asked.resolve(request.signal);
      return new Promise(() => {});
    });
    const waiting = new AbortController();
    const fetched = keySourceAt(server.location)(waiting.signal).catch((error: unknown) => error);
    const received = await asked.promise;
    const left = new Promise((resolve) => received.addEventListener("abort", resolve));
    waiting.abort();
    expect(await fetched).toBeInstanceOf(KeySourceError);
    await left;
  });
});

describe("a key set in a file", () => {
  test("is read each time, and may have 1 MiB", async () => {
    using workshop = new Workshop();
    const path = workshop.file("keys.json");
    writeFileSync(path, "[1]");
    expect(await keySourceAt({ path })(signal)).toEqual([1]);
    writeFileSync(path, jsonOf(mebibyte));
    expect(await keySourceAt({ path })(signal)).toHaveLength(mebibyte - 2);
  });

  test("that is invalid has a problem", async () => {
    using workshop = new Workshop();
    const path = workshop.file("keys.json");
    expect(await problem({ path })).toBe("file not readable (ENOENT)");
    writeFileSync(path, "secret garbage");
    expect(await problem({ path })).toBe("not JSON");
    writeFileSync(path, jsonOf(mebibyte + 1));
    expect(await problem({ path })).toBe("larger than 1048576 bytes");
    mkdirSync(workshop.file("folder"));
    expect(await problem({ path: workshop.file("folder") })).toBe("not a regular file");
    expect(await problem({ path: pathToFileURL(path).href })).toBe("file not readable (ENOENT)");
  });
});
