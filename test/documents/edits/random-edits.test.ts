import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import type { ContentReply } from "../../../src/documents/edits/content-job.ts";
import { contentsOf } from "../../../src/relay/update/update-contents.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { RandomEditor, visibleContent } from "../../support/clients/random-editors.ts";
import { patch, put, readJson } from "../../support/documents/content-tasks.ts";
import {
  applyPlainly,
  randomObject,
  randomOperation,
  randomValue,
  type Value,
} from "../../support/documents/plain-patch.ts";

setDefaultTimeout(60_000);

const nestings = [{}, { nesting: "shared" }, { nesting: "plain" }] as const;

/** Applies an edit as the server does: it must be an update as Yjs writes it. Returns whether it was an edit. */
function take(doc: Y.Doc, reply: ContentReply): boolean {
  if (reply.kind !== "edited") return false;
  expect(contentsOf(reply.update).isEmpty).toBe(false);
  Y.applyUpdate(doc, reply.update);
  return true;
}

test("a patch does to shared types what RFC 6902 does to JSON", () => {
  let [done, refused] = [0, 0];
  withSeeds(250, (random) => {
    const nesting = random.pick(nestings);
    const doc = new Y.Doc();
    const as = "map";
    let model: Record<string, Value> = { root: randomObject(random) };
    take(doc, put(doc, model, { as, ...nesting }));
    for (let patches = 0; patches < 6; patches += 1) {
      const next = structuredClone(model);
      const operations = Array.from({ length: 1 + random.integer(4) }, () => {
        const operation = randomOperation(random, next, "root");
        applyPlainly(next, operation);
        return operation;
      });
      const reply = patch(doc, operations, { as, ...nesting });
      if (reply.kind === "refused") {
        // A shared value cannot be copied into a plain one.
        expect(reply.code).toBe("wrong-value");
        refused += 1;
        continue;
      }
      take(doc, reply);
      done += 1;
      model = next;
      expect(readJson(doc)).toEqual(Object.keys(model["root"] ?? {}).length > 0 ? model : {});
    }
  });
  expect(done).toBeGreaterThan(10 * refused);
});

test("JSON that was put is read again, from whatever it was put into", () => {
  withSeeds(150, (random) => {
    const doc = new Y.Doc();
    for (let puts = 0; puts < 5; puts += 1) {
      const json = { map: randomObject(random), list: randomList(random), text: randomText(random) };
      const nesting = random.pick(nestings);
      take(doc, put(doc, json, { as: "auto", ...nesting }));
      expectRoots(doc, json);
      expect(put(doc, json, { as: "auto" })).toEqual({ kind: "unchanged" });
    }
  });
});

test("edits of the server and of clients converge, and content that is given as it was read stays as it is", () => {
  withSeeds(150, (random) => {
    const [server, client] = [new RandomEditor(random), new RandomEditor(random)];
    for (let edits = 0; edits < 30; edits += 1) server.edit();
    client.receive(Y.encodeStateAsUpdate(server.doc));
    expect(put(server.doc, readJson(server.doc))).toEqual({ kind: "unchanged" });
    for (let edits = 0; edits < 10; edits += 1) client.edit();
    const json = Object(readJson(server.doc));
    const target = random.chance(0.5)
      ? { list: random.shuffled(json.list ?? []), text: `${json.text ?? ""}${randomText(random)}` }
      : { map: randomObject(random), list: randomList(random) };
    const reply = put(server.doc, target, { as: "auto" });
    if (take(server.doc, reply)) expectRoots(server.doc, target);
    else if (reply.kind === "refused") expect(reply.code).toBe("not-expressible");
    for (const update of client.sent) server.receive(update);
    client.receive(Y.encodeStateAsUpdate(server.doc));
    expect(visibleContent(client.doc)).toEqual(visibleContent(server.doc));
  });
});

/** Compares the roots that have content. */
function expectRoots(doc: Y.Doc, json: Readonly<Record<string, unknown>>): void {
  for (const [root, value] of Object.entries(json)) {
    if (Object.keys(Object(value)).length > 0) expect(readJson(doc, root)).toEqual(value);
  }
}

const randomList = (random: Random) => Array.from({ length: random.integer(5) }, () => randomValue(random));

const randomText = (random: Random) =>
  Array.from({ length: random.integer(8) }, () => random.pick(["a", "b", "😀", "😁", "\n", "日"])).join("");
