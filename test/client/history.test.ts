import { expect, test } from "bun:test";
import * as Y from "yjs";
import { YurtClient } from "../../src/client/client.ts";
import { startApiServer } from "../support/api/api-server.ts";

test("earlier states are read, compared, named and restored", async () => {
  await using api = await startApiServer();
  const document = new YurtClient({ url: api.server.url, token: api.keys["docs:admin"] }).document("doc");
  const { content, history } = document;
  const first = await content.put({ text: "Hello" }, { as: "auto" });
  const version = await history.nameVersion("draft");
  expect(version).toMatchObject({ name: "draft", sequence: first.sequence, automatic: false });
  await content.patch([{ op: "text", path: "/text", at: 5, ins: " world" }]);
  expect(await history.text(version.id, "text")).toBe("Hello");
  expect(await history.json(first.sequence)).toEqual({ text: "Hello" });
  expect(await history.text(new Date(Date.now() + 60_000), "text")).toBe("Hello world");
  const doc = new Y.Doc();
  Y.applyUpdate(doc, await history.readUpdate(version.id));
  expect(doc.getText("text").toString()).toBe("Hello");
  // Changes of one second are not told apart, so only the text is certain.
  expect((await history.diff("text", version.id)).map(({ text }) => text).join("")).toBe("Hello world");
  expect(await history.compare(version.id)).toEqual({ from: { text: "Hello" }, to: { text: "Hello world" } });
  expect((await history.blame("text")).map(({ text }) => text).join("")).toBe("Hello world");
  expect(await history.activity({ gapSeconds: 10 })).toMatchObject([{ firstSequence: 1, sequence: 2 }]);
  expect(await history.tryRestore(version.id)).toMatchObject({ changed: true });
  expect(await history.restore(version.id)).toMatchObject({ changed: true });
  expect(await content.text("text")).toBe("Hello");
  expect(await history.renameVersion(version.id, "first draft")).toMatchObject({ name: "first draft" });
  expect((await Array.fromAsync(history.versions())).map(({ name }) => name)).toContain("first draft");
  await history.deleteVersion(version.id);
  expect((await Array.fromAsync(history.versions())).map(({ name }) => name)).not.toContain("first draft");
  await history.erase();
  expect(await content.text("text")).toBe("Hello");
});
