import { expect, test } from "bun:test";
import { ClientHandshake, readHandshake, subprotocolFor } from "../../src/transport/client-handshake.ts";

const handshake = (url: string, headers: Record<string, string> = {}) =>
  new ClientHandshake(readHandshake({ url, headers: new Headers(headers) }));

test("the URL is that of the client's request", () => {
  expect(handshake("http://localhost/sync/a%20b?c=d").url).toMatchObject({
    pathname: "/sync/a%20b",
    search: "?c=d",
  });
});

test("the signal aborts when the client has disconnected, even if it is read only then", () => {
  const [before, after] = [handshake("http://localhost/"), handshake("http://localhost/")];
  const { signal } = before;
  expect(signal.aborted).toBe(false);
  expect(before.signal).toBe(signal);
  for (const handshake of [before, after]) {
    handshake.gone();
    handshake.gone();
  }
  expect([signal.aborted, after.signal.aborted]).toEqual([true, true]);
});

const jwt = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";

test.each<[string, Record<string, string>, string | undefined]>([
  ["nothing", {}, undefined],
  ["Authorization: Bearer", { authorization: "Bearer opaque/+=" }, "opaque/+="],
  ["the same in other letters", { authorization: "bearer   x" }, "x"],
  ["another scheme", { authorization: "Basic eDp5" }, undefined],
  ["a scheme without anything", { authorization: "Bearer " }, undefined],
  ["two words", { authorization: "Bearer a b" }, undefined],
  ["a JWT among the subprotocols", { "sec-websocket-protocol": `yurt, ${jwt}` }, jwt],
  ["a JWT without a signature", { "sec-websocket-protocol": "eyJhbGciOiJub25lIn0.e30." }, "eyJhbGciOiJub25lIn0.e30."],
  ["any other token among them", { "sec-websocket-protocol": "bearer.opaque, yurt" }, "opaque"],
  ["no token among them", { "sec-websocket-protocol": "yurt, v12.stomp, a.b.c" }, undefined],
  ["both", { authorization: "Bearer one", "sec-websocket-protocol": "bearer.two" }, "one"],
])("a token in the headers: %s", (_, headers, token) => {
  expect(handshake("http://localhost/", headers).headerToken).toBe(token);
});

test("the origin is that of the browser's header", () => {
  expect(handshake("http://localhost/", { origin: "https://app.example" }).origin).toBe("https://app.example");
  expect(handshake("http://localhost/").origin).toBeUndefined();
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["yurt, other", "yurt"],
  [`${jwt}, yurt`, "yurt"],
  ["bearer.opaque,yurt", "yurt"],
  // Browsers close a socket that offers a subprotocol and gets none in the answer.
  [jwt, jwt],
])("of the offered subprotocols %p the answer is %p", (offered, answer) => {
  const headers = new Headers(offered === undefined ? {} : { "sec-websocket-protocol": offered });
  expect(subprotocolFor(headers)).toBe(answer);
});
