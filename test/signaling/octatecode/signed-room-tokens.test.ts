import { expect, test } from "bun:test";
import { SignJWT } from "jose";
import { SignedRoomTokens } from "../../../src/signaling/octatecode/signed-room-tokens.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const claim = { user: "ada", room: "room 日本" };

function open() {
  const clock = new FakeClock();
  return { clock, tokens: new SignedRoomTokens(clock, 3_600_000) };
}

test("a token permits its user to join its room for a limited time", async () => {
  const { clock, tokens } = open();
  const token = await tokens.mint(claim);
  clock.advance(3_599_000);
  expect(await tokens.verify(token)).toEqual(claim);
  clock.advance(1_000);
  expect(await tokens.verify(token)).toBe("expired");
});

test("servers that share a secret take each other's tokens", async () => {
  const secret = new Uint8Array(32).fill(7);
  const [first, second] = [0, 1].map(() => new SignedRoomTokens(new FakeClock(), 3_600_000, secret));
  expect(await second?.verify((await first?.mint(claim)) ?? "")).toEqual(claim);
});

test("two tokens for the same user and room differ", async () => {
  const { tokens } = open();
  expect(await tokens.mint(claim)).not.toBe(await tokens.mint(claim));
});

test("a token of another server, a changed token and a string that is not a token are invalid", async () => {
  const { clock, tokens } = open();
  const token = await tokens.mint(claim);
  const [head = "", body = "", signature = ""] = token.split(".");
  const forged = Buffer.from(JSON.stringify({ ...JSON.parse(atob(body)), room: "other" })).toString("base64url");
  const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");
  const foreign = new SignedRoomTokens(clock, 3_600_000);
  for (const bad of [
    await foreign.mint(claim),
    `${head}.${forged}.${signature}`,
    `${unsigned}.${body}.`,
    `${head}.${body}.`,
    await new SignJWT({ room: "r" }).setProtectedHeader({ alg: "HS256" }).sign(new Uint8Array(32)),
    "",
    "garbage",
    "a.b.c",
  ]) {
    expect(await tokens.verify(bad)).toBe("invalid");
  }
});
