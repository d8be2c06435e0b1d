import { expect, test } from "bun:test";
import { ClientHandshake } from "../../src/transport/client-handshake.ts";

test("the URL is the client's", () => {
  expect(new ClientHandshake("http://localhost/sync/a%20b?c=d").url).toMatchObject({
    pathname: "/sync/a%20b",
    search: "?c=d",
  });
});

test("the signal aborts when the client is gone, whenever it was asked for", () => {
  const [before, after] = [new ClientHandshake("http://localhost/"), new ClientHandshake("http://localhost/")];
  const { signal } = before;
  expect(signal.aborted).toBe(false);
  expect(before.signal).toBe(signal);
  for (const handshake of [before, after]) {
    handshake.gone();
    handshake.gone();
  }
  expect([signal.aborted, after.signal.aborted]).toEqual([true, true]);
});
