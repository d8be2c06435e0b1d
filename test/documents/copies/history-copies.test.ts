import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { createMetrics } from "../../../src/ops/metrics.ts";
import {
  documentWithHistoryLine,
  endLine,
  formatLine,
  historyLine,
  updateLine,
} from "../../../src/storage/document-lines.ts";
import { maxCopiedSequence, readHistoryPart, showHistoryPart } from "../../../src/storage/history/history-parts.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { type ApiServer, startApiServer } from "../../support/api/api-server.ts";
import { updateOf } from "../../support/api/documents.ts";
import { eventually } from "../../support/eventually.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { yurt } from "../../support/processes/run-program.ts";

const headers = { "content-type": "application/x-ndjson" };

const textAt = async (api: ApiServer, moment: string | number, token = api.keys["docs:write"]) => {
  const { body, bytes, status } = await api.ask("GET", `/v1/docs/doc/at/${moment}/text/text`, { token });
  return status === 200 ? new TextDecoder().decode(bytes) : body["code"];
};

const versionsOf = async (api: ApiServer) => {
  const { body } = await api.ask("GET", "/v1/docs/doc/versions", { token: api.keys["docs:write"] });
  return body["items"];
};

const exported = async (api: ApiServer, path = "/v1/docs/doc/export?history=1", token = api.keys["docs:write"]) => {
  const { body, bytes, status } = await api.ask("GET", path, { token });
  return status === 200 ? new TextDecoder().decode(bytes) : String(body["code"]);
};

const bring = (api: ApiServer, body: string, { query = "", token = api.keys["docs:admin"] } = {}) =>
  api.ask("POST", `/v1/import${query}`, { token, headers, body });

/** Writes a text that changes entirely with each edit, and returns the sequences. The first one is a named version. */
async function writeTexts(api: ApiServer, texts: readonly string[]): Promise<number[]> {
  const doc = new Y.Doc();
  const text = doc.getText("text");
  const sequences: number[] = [];
  for (const each of texts) {
    const before = Y.encodeStateVector(doc);
    doc.transact(() => {
      text.delete(0, text.length);
      text.insert(0, each);
    });
    const body = Y.encodeStateAsUpdate(doc, before);
    const token = api.keys["docs:write"];
    const written = await api.ask("POST", "/v1/docs/doc/update", { token, body });
    sequences.push(Number(written.body["sequence"]));
    if (sequences.length > 1) continue;
    await api.ask("POST", "/v1/docs/doc/versions", { token, body: { name: "draft" } });
  }
  return sequences;
}

test("a history is exported and imported with its versions, and goes on", async () => {
  await using first = await startApiServer({ mode: "token" });
  const [one = 0, two = 0] = await writeTexts(first, ["one", "two"]);
  const versions = await versionsOf(first);
  const lines = await exported(first);
  expect(lines.split("\n").filter((line) => line.startsWith('{"history":')).length).toBeGreaterThan(2);
  expect(await exported(first, "/v1/export?history=1")).toBe(lines);
  await using second = await startApiServer({ mode: "token" });
  expect((await bring(second, lines)).body).toMatchObject({ created: 1, histories: 1 });
  expect(await versionsOf(second)).toEqual(versions);
  expect([await textAt(second, `v${one}.1`), await textAt(second, two)]).toEqual(["one", "two"]);
  const token = second.keys["docs:write"];
  const own = await second.ask("POST", "/v1/docs/doc/update", { token, body: updateOf("!") });
  expect(Number(own.body["sequence"])).toBeGreaterThan(two);
  // Another export compacts the document: its own history begins, and does not replace that of the import.
  const again = await exported(second);
  expect([await textAt(second, one), await textAt(second, two)]).toEqual(["one", "two"]);
  expect(await textAt(second, Number(own.body["sequence"]))).toHaveLength("two!".length);
  await using third = await startApiServer({ mode: "token" });
  expect((await bring(third, again)).body).toMatchObject({ created: 1, histories: 1 });
  expect([await textAt(third, one), await textAt(third, two)]).toEqual(["one", "two"]);
  expect(await textAt(third, Number(own.body["sequence"]))).toHaveLength("two!".length);
});

test("metrics count what is added to histories", async () => {
  await using api = await startApiServer();
  await writeTexts(api, ["one", "two"]);
  await exported(api);
  const counted = async () => {
    const text = await (await fetch(`${api.server.url}/metrics`)).text();
    return (series: string) => Number(new RegExp(`^yurt_history_${series} (\\d+)$`, "m").exec(text)?.[1]);
  };
  const first = await counted();
  expect([first('recordings_total{outcome="recorded"}'), first('recordings_total{outcome="skipped"}')]).toEqual([1, 0]);
  expect(first('bytes_total{part="segment"}')).toBeGreaterThan(20);
  expect(first('bytes_total{part="snapshot"}')).toBeGreaterThan(10);
});

test("an export has no history unless it is asked for, and a reader may not ask", async () => {
  await using api = await startApiServer({ mode: "token" });
  await writeTexts(api, ["needle", "other"]);
  expect(await exported(api, "/v1/docs/doc/export")).not.toContain('"history"');
  const reader = api.keys["docs:read"];
  expect(await exported(api, "/v1/docs/doc/export?history=1", reader)).toBe("forbidden");
  expect(await exported(api, "/v1/export?history=1", reader)).toBe("forbidden");
  const client = await api.token({ doc: "read" });
  expect(await exported(api, "/v1/docs/doc/export?history=1", client)).toBe("read-only");
});

test("a history is left out for a document that exists, without the scope, and where none is kept", async () => {
  await using first = await startApiServer({ mode: "token" });
  const [one = 0] = await writeTexts(first, ["one", "two"]);
  const lines = await exported(first);
  await using second = await startApiServer({ mode: "token" });
  const writer = await bring(second, lines, { token: second.keys["docs:write"] });
  expect(writer.body).toMatchObject({ created: 1, histories: 0 });
  expect(await textAt(second, one)).not.toBe("one");
  const merged = await bring(second, lines, { query: "?existing=merge" });
  expect(merged.body).toMatchObject({ skipped: 1, histories: 0 });
  expect(await textAt(second, one)).not.toBe("one");
  await using third = await startApiServer({ mode: "token", historyKeepMs: () => 0 });
  expect((await bring(third, lines)).body).toMatchObject({ created: 1, histories: 0 });
});

test("a document that takes the name of a purged one meanwhile gets none of its history", async () => {
  await using first = await startApiServer({ mode: "token" });
  await writeTexts(first, ["one", "two"]);
  const lines = (await exported(first)).split("\n");
  const begin = lines.findIndex((line) => line.startsWith('{"history":')) + 1;
  await using second = await startApiServer({ mode: "token" });
  const [admin, writer] = [second.keys["docs:admin"], second.keys["docs:write"]];
  const { readable, writable } = new TransformStream<Uint8Array>();
  const sending = writable.getWriter();
  const send = (some: readonly string[]) => sending.write(new TextEncoder().encode(some.join("\n")));
  const importing = fetch(`${second.server.url}/v1/import`, {
    method: "POST",
    headers: { ...headers, authorization: `Bearer ${admin}` },
    body: readable,
  });
  await send([...lines.slice(0, begin), ""]);
  const asked = { token: writer };
  await eventually("the document is there", async () => {
    return (await second.ask("GET", "/v1/docs/doc", asked)).status === 200;
  });
  expect((await second.ask("DELETE", "/v1/docs/doc?purge=1", { token: admin })).status).toBe(204);
  expect((await second.ask("POST", "/v1/docs/doc/update", { ...asked, body: updateOf("new") })).status).toBe(200);
  await send(lines.slice(begin));
  await sending.close();
  expect((await importing).status).toBe(200);
  expect(await versionsOf(second)).toEqual([]);
  expect((await exported(second)).match(/"(?:segment|version)":\{/g)).toEqual(['"segment":{']);
});

/** An export of one document whose history is dated into a far year. */
const datedAhead = () => {
  const at = Date.UTC(9000, 0);
  const bytes = Uint8Array.of(1);
  const segment = { last: 4, startedAt: 1, endedAt: at, users: [], marks: bytes, data: bytes };
  const version = { sequence: 4, number: 1, at, name: "draft", users: [], createdBy: undefined };
  return [
    ...[formatLine(), documentWithHistoryLine({ name: "doc", sequence: 5 }), updateLine(updateOf("text"))],
    historyLine({ kind: "snapshot", isStart: true, snapshot: { sequence: 3, at, data: bytes } }),
    ...[historyLine({ kind: "segment", segment }), historyLine({ kind: "version", version }), endLine(1)],
  ].join("");
};

test.each(["the API", "yurt documents import"])(
  "a history that is dated ahead ages after an import by %s",
  async (way) => {
    using workshop = new Workshop();
    const dataFolder = workshop.file("data");
    const file = workshop.file("export.ndjson");
    const importers = {
      "the API": async () => {
        await using api = await startApiServer({ mode: "token", dataFolder });
        expect((await bring(api, datedAhead())).body).toMatchObject({ histories: 1 });
      },
      "yurt documents import": async () => {
        writeFileSync(file, datedAhead());
        const args = ["documents", "import", "--from", "ndjson", file, "--data", dataFolder];
        expect(await yurt(args)).toMatchObject({ code: 0, err: "" });
      },
    };
    await importers[way as keyof typeof importers]();
    const after = Date.now();
    const store = openSqliteStore({ file: join(dataFolder, "yurt.db"), metrics: createMetrics() });
    const times = (await Array.fromAsync(store.history.parts("doc"))).map((part) => {
      if (part.kind === "segment") return [part.segment.startedAt, part.segment.endedAt];
      return [part.kind === "snapshot" ? part.snapshot.at : part.version.at];
    });
    await store.close();
    expect(times).toHaveLength(3);
    expect(times[0]?.[0]).toBe(1);
    expect(Math.max(...times.flat())).toBeLessThanOrEqual(after);
  },
);

test("a history that is forged harms nobody", async () => {
  await using api = await startApiServer({ mode: "token" });
  const bomb = Bun.zstdCompressSync(new Uint8Array(2 ** 28));
  const snapshot = (sequence: number, data: Uint8Array) =>
    historyLine({ kind: "snapshot", isStart: true, snapshot: { sequence, at: 1, data } });
  const segment = { last: 4, startedAt: 1, endedAt: 1, users: [], marks: Uint8Array.of(1), data: Uint8Array.of(2) };
  const lines = [
    ...[formatLine(), documentWithHistoryLine({ name: "doc", sequence: 5 }), updateLine(updateOf("text"))],
    ...[snapshot(2, bomb), snapshot(3, Uint8Array.of(1, 2, 3)), historyLine({ kind: "segment", segment })],
    ...[snapshot(900, bomb), endLine(1)],
  ];
  expect((await bring(api, lines.join(""))).body).toMatchObject({ created: 1, histories: 1 });
  expect(await textAt(api, 2)).toBe("document-too-complex");
  expect(await textAt(api, 3)).toBe("internal-error");
  expect(await textAt(api, 4)).toBe("internal-error");
  // The part above the sequence of the document is not taken.
  expect(await textAt(api, 1_000)).toBe("text");
  const unread = [formatLine(), documentWithHistoryLine({ name: "b", sequence: 1 }), '{"history":{"segment":{}}}\n'];
  expect((await bring(api, unread.join(""))).body["code"]).toBe("invalid-request");
  const farAway = documentWithHistoryLine({ name: "far", sequence: maxCopiedSequence + 1 });
  const far = [formatLine(), farAway, updateLine(updateOf("text")), endLine(1)];
  expect((await bring(api, far.join(""))).body).toMatchObject({ created: 1, histories: 0 });
});

test("parts are read as they were shown, and other values are none", () => {
  const data = Uint8Array.of(1, 2, 3);
  const parts = [
    { kind: "segment", segment: { last: 3, startedAt: 1, endedAt: 2, users: ["ann"], marks: data, data } },
    { kind: "snapshot", isStart: false, snapshot: { sequence: 3, at: 0, data } },
    {
      kind: "version",
      version: { sequence: 3, number: 1, at: 2, name: "draft", users: [], createdBy: "key:agent" },
    },
    {
      kind: "version",
      version: { sequence: 3, number: 0, at: 2, name: undefined, users: ["ben"], createdBy: undefined },
    },
  ] as const;
  for (const part of parts) expect(readHistoryPart(JSON.parse(JSON.stringify(showHistoryPart(part))))).toEqual(part);
  const shown = { sequence: 3, at: 0, isStart: true, data: "AQID" };
  const version = { sequence: 3, number: 1, at: 2, name: "draft", users: [], createdBy: null };
  expect(readHistoryPart({ version })).toBeDefined();
  for (const wrong of [
    ...[null, 1, "text", [], {}, { snapshot: {} }, { other: shown }],
    ...[{ snapshot: { ...shown, data: "?" } }, { snapshot: { ...shown, sequence: -1 } }],
    ...[{ snapshot: { ...shown, sequence: 2 ** 50 } }, { snapshot: { ...shown, at: 1.5 } }],
    // A time that no calendar has, and a number that no id of a version can have.
    ...[{ snapshot: { ...shown, at: 2 ** 48 } }, { version: { ...version, at: 2 ** 52 } }],
    { version: { ...version, number: 1_000_000_000 } },
  ])
    expect(readHistoryPart(wrong)).toBeUndefined();
});
