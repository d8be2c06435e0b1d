import { expect, test } from "bun:test";
import { Nonces } from "../../../src/turn/credentials/nonces.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const holder = { address: "192.0.2.1", port: 40_000, transport: "udp" };

test("a nonce is 32 hexadecimal digits, and valid for its client only", () => {
  const nonces = new Nonces({ clock: new FakeClock() });
  const nonce = nonces.issue(holder);
  expect(nonce).toMatch(/^[0-9a-f]{32}$/);
  expect(nonces.isValid(nonce, holder)).toBe(true);
  for (const other of [{ address: "192.0.2.2" }, { port: 40_001 }, { transport: "tcp" }]) {
    expect(nonces.isValid(nonce, { ...holder, ...other })).toBe(false);
  }
});

test("a nonce is valid for ten minutes, or as long as is configured", () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ clock });
  const short = new Nonces({ clock, lifetimeMs: 1_000 });
  const [nonce, shortNonce] = [nonces.issue(holder), short.issue(holder)];
  clock.advance(1_000);
  expect(short.isValid(shortNonce, holder)).toBe(true);
  clock.advance(1);
  expect(short.isValid(shortNonce, holder)).toBe(false);
  clock.advance(598_999);
  expect(nonces.isValid(nonce, holder)).toBe(true);
  clock.advance(1_000);
  expect(nonces.isValid(nonce, holder)).toBe(false);
});

test("a nonce does not depend on the time of day, which may be set", () => {
  const clock = new FakeClock();
  const nonces = new Nonces({ clock });
  const nonce = nonces.issue(holder);
  clock.set(86_400_000);
  expect(nonces.isValid(nonce, holder)).toBe(true);
});

test("a nonce of another process, a changed one and any other text are invalid", () => {
  const clock = new FakeClock();
  clock.advance(5_000_000);
  const nonces = new Nonces({ clock });
  const nonce = nonces.issue(holder);
  expect(nonces.isValid(new Nonces({ clock }).issue(holder), holder)).toBe(false);
  for (let index = 0; index < nonce.length; index += 1) {
    const changed = `${nonce.slice(0, index)}${nonce[index] === "0" ? "1" : "0"}${nonce.slice(index + 1)}`;
    expect(nonces.isValid(changed, holder)).toBe(false);
  }
  for (const text of ["", "x".repeat(32), nonce.slice(1), `${nonce}0`, nonce.toUpperCase().replace("0", "O")]) {
    expect(nonces.isValid(text, holder)).toBe(false);
  }
});
