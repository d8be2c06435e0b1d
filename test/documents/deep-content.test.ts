import { expect, test } from "bun:test";
import * as Y from "yjs";
import { startApiServer } from "../support/api/api-server.ts";

/** A document with elements of XML in each other, so deep that Yjs cannot delete the outermost one. */
function deepXml(levels: number): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "beside");
  let parent: Y.XmlFragment = doc.getXmlFragment("xml");
  doc.transact(() => {
    for (let level = 0; level < levels; level += 1) {
      const element = new Y.XmlElement("p");
      parent.insert(0, [element]);
      parent = element;
    }
  });
  return Y.encodeStateAsUpdate(doc);
}

const tooComplex = [422, "document-too-complex"];

/** Requests for the document, with the status and the code of their answers. */
const requests: readonly [what: string, method: string, path: string, expected: (string | number)[], body?: unknown][] =
  [
    ["removing its outermost element", "PATCH", "/json", tooComplex, [{ op: "remove", path: "/xml/0" }]],
    ["removing all of its root", "PATCH", "/json", tooComplex, [{ op: "remove", path: "/xml" }]],
    ["copying it", "PATCH", "/json", tooComplex, [{ op: "copy", from: "/xml/0", path: "/xml/1" }]],
    ["testing it", "PATCH", "/json", tooComplex, [{ op: "test", path: "/xml", value: "" }]],
    ["reading it as JSON", "GET", "/json", tooComplex],
    ["reading the root as JSON", "GET", "/json/xml", tooComplex],
    ["reading it as text", "GET", "/text/xml", tooComplex],
    ["reading it as XML", "GET", "/xml/xml", tooComplex],
    ["making its root equal", "PUT", "/json/xml", tooComplex, "<p></p>"],
    ["making another root equal", "PUT", "/json/text?as=text", [200], "changed"],
    ["reading another root", "GET", "/text/text", [200]],
    ["reading it as an update", "GET", "/update", [200]],
    ["reading it as an update in format 2", "GET", "/update?format=2", [200]],
    ["forking it", "POST", "/fork", [201], { to: "copy" }],
    ["exporting it", "GET", "/export", [200]],
    ["reading a moment as JSON", "GET", "/at/1/json", tooComplex],
    ["reading a moment as text", "GET", "/at/1/text/xml", tooComplex],
    ["reading a moment as an update", "GET", "/at/1/update", [200]],
    ["comparing two moments", "GET", "/diff?from=1&to=2", tooComplex],
    ["telling who has written a text", "GET", "/blame/text", [200]],
    ["restoring a moment", "POST", "/restore", [200], { at: "1" }],
    ["erasing its history", "DELETE", "/history", [204]],
    ["deleting it", "DELETE", "", [204]],
    ["purging it", "DELETE", "?purge=1", [204]],
  ];

test("content that nests very deep is served and removed, or refused as too complex", async () => {
  await using api = await startApiServer();
  const token = api.keys["docs:admin"];
  const ask = async (method: string, path: string, body: unknown) => {
    const type = method === "PATCH" ? "application/json-patch+json" : "application/json";
    const answer = await api.ask(method, `/v1/docs/deep${path}`, {
      token,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": type } }),
    });
    const { code } = answer.body;
    return [answer.status, ...(code === undefined ? [] : [String(code)])];
  };
  await api.ask("POST", "/v1/docs/deep/update", { body: deepXml(20_000), token });
  for (const [what, method, path, expected, body] of requests)
    expect([what, ...(await ask(method, path, body))]).toEqual([what, ...expected]);
}, 60_000);
