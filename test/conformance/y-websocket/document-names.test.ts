import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { HocuspocusClients, type Kind, saved } from "../../support/clients/hocuspocus-clients.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(20_000);

const kind: Kind = { label: "4", version: 4, sessionAwareness: false, token: null };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

describe("a name that y-websocket encodes and Hocuspocus does not", () => {
  test.each([
    "my notes",
    "a/b",
    "/a",
    "a/",
    "a//b",
    "a?b#c",
    "a&b=c",
    "100%",
    "%2e%2e",
    "a%2Fb",
    "a+b",
    "...",
    "a;b:c@d",
    '<a> "b"',
    "Ünïcödé 日本語 😀",
    "__proto__",
    "\u00a0",
  ])("is the same document for both: %j", async (name) => {
    await using websocket = new TestClients();
    await using hocuspocus = new HocuspocusClients(kind, server.wsUrl);
    const writer = websocket.connect(server.wsUrl, encodeURIComponent(name));
    const reader = hocuspocus.attach(name);
    writer.text.insert(0, name);
    await eventually("the reader has it", () => reader.text.toString() === name);
    await saved(reader);
  });
});

describe("a name that a URL cannot express", () => {
  test.each([
    [".", "the name has the segment . or .., which URLs resolve"],
    ["..", "the name has the segment . or .., which URLs resolve"],
    ["a/../b", "the name has the segment . or .., which URLs resolve"],
    ["a\\b", "the name contains a backslash, which URLs turn into a slash"],
    ["a ", "the name begins or ends with a space, which URLs lose"],
    [" a", "the name begins or ends with a space, which URLs lose"],
  ])("is refused with the reason: %j", async (name, reason) => {
    await using hocuspocus = new HocuspocusClients(kind, server.wsUrl);
    const refused = hocuspocus.attach(name);
    await eventually("refused by Hocuspocus", () => refused.failures.length > 0);
    expect(refused.failures.join()).toContain(reason);
    const answer = await fetch(`${server.url}/api/validate?${new URLSearchParams({ room: name })}`);
    expect([answer.status, await answer.json()]).toEqual([400, { error: `room: ${reason}` }]);
    await using websocket = new TestClients();
    const { provider } = websocket.connect(server.wsUrl, encodeURIComponent(name));
    const closed = Promise.withResolvers<number | undefined>();
    provider.on("connection-close", (event) => closed.resolve(event?.code));
    expect(await closed.promise).toBe(4400);
  });
});

test("a name with a lone surrogate, for which both clients write U+FFFD, is refused", async () => {
  const { log, events } = recordedLog();
  await using logging = await startTestServer({ log });
  await using websocket = new TestClients();
  await using hocuspocus = new HocuspocusClients(kind, logging.wsUrl);
  websocket.connect(logging.wsUrl, "a\ud800");
  hocuspocus.attach("b\ud800");
  const detail = "the name contains U+FFFD, which stands for a lone surrogate";
  const refused = (event: string) => events.some((line) => line["event"] === event && line["detail"] === detail);
  await eventually("refused", () => refused("session-refused") && refused("document-refused"));
});

describe("the path of a URL", () => {
  test("on which no WebSocket is served is answered with paths on which one is", async () => {
    const headers = { connection: "upgrade", upgrade: "websocket", "sec-websocket-version": "13" };
    const response = await fetch(`${server.url}/nothing`, { headers });
    const paths = Array.from(
      (await response.text()).matchAll(/[A-Za-z] (\/[a-z./]+)(?=[,.] )/g),
      ([, path = ""]) => path,
    );
    expect(paths).toEqual(["/sync", "/collab", "/peerjs/peerjs", "/signal", "/socket.io/"]);
    for (const path of paths) expect((await fetch(server.url + path, { headers })).status).not.toBe(404);
  });

  test.each([
    ...["/collab", "/collab/", "//collab", "/collab/anything", "/collab/any/thing/"],
    ...["/signal", "/signal/", "//signal", "/", "//"],
    ...["/peerjs/peerjs?key=peerjs&id=a&token=b", "/peerjs/peerjs/?key=peerjs&id=c&token=d"],
    ...["/sync/notes", "//sync/notes", "/socket.io/?EIO=4&transport=websocket", "/socket.io?EIO=4&transport=websocket"],
  ])("opens a socket at %s", async (path) => {
    const socket = new WebSocket(server.wsUrl + path);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onclose = () => reject(new Error("refused"));
    });
    socket.onclose = null;
    socket.close();
  });

  test.each(["/sync", "/sync/notes", "/collab", "/collab/", "/collab/anything", "/peerjs/peerjs"])(
    "says that a plain request to %s is no handshake",
    async (path) => {
      const response = await fetch(server.url + path);
      expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
      expect(await response.text()).toContain("If a reverse proxy is in front of Yurt");
    },
  );

  test("answers a plain request to the signaling path as upstream's server does", async () => {
    expect(await (await fetch(`${server.url}/signal/`)).text()).toBe("okay");
  });
});
