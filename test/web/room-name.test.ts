import { expect, test } from "bun:test";
import { addressOf, passwordOf, randomRoom, roomOf, tokenOf, withoutToken } from "../../src/web/demo/room-name.ts";

const page = "http://127.0.0.1:4444/";

test("an address keeps every room's name, whatever characters it contains", () => {
  for (const room of ["plain", "my notes", "a/b?c#d&e=f", "100%", "Größe 🏕", "__proto__"]) {
    expect(roomOf(addressOf(room, new URL(page)))).toBe(room);
  }
});

test("an address without a room has no room name", () => {
  for (const address of [page, `${page}?room=`, `${page}#room=x`]) expect(roomOf(new URL(address))).toBeUndefined();
});

test("the password is read from the fragment and stays in it", () => {
  const address = new URL(`${page}#password=open%20sesame/?%23`);
  expect(passwordOf(address)).toBe("open sesame/?#");
  const named = addressOf("closed", address);
  expect(passwordOf(named)).toBe("open sesame/?#");
  expect(named.search).toBe("?room=closed");
});

test("a password in the query is ignored, and an empty one is none", () => {
  expect(passwordOf(new URL(`${page}?password=seen`))).toBeUndefined();
  expect(passwordOf(new URL(`${page}#password=`))).toBeUndefined();
});

test("random room names are readable and unique", () => {
  const rooms = Array.from({ length: 1000 }, randomRoom);
  expect(rooms.every((room) => /^[a-z]+-[a-z]+-[0-9a-z]{6}$/.test(room))).toBe(true);
  expect(new Set(rooms).size).toBe(rooms.length);
});

test("a token is read from the fragment, and the shared address does not contain it", () => {
  const address = new URL(`${page}?room=r#password=p%20q&token=a.b-c`);
  expect(tokenOf(address)).toBe("a.b-c");
  const shared = withoutToken(address);
  expect([tokenOf(shared), passwordOf(shared), roomOf(shared)]).toEqual([undefined, "p q", "r"]);
  expect(withoutToken(new URL(`${page}#token=x`)).href).toBe(page);
  expect(withoutToken(new URL(`${page}?token=seen#x`)).href).toBe(`${page}?token=seen#x`);
  expect(tokenOf(new URL(`${page}?token=seen`))).toBeUndefined();
});
