import { describe, expect, test } from "bun:test";
import type { TurnSettings } from "../../../src/composition/server-options.ts";
import { KnownIceServers, turnUserOf } from "../../../src/composition/turn/known-ice-servers.ts";
import type { OwnTurnUrls } from "../../../src/composition/turn/own-urls.ts";
import { isAnonymousUser } from "../../../src/turn/credentials/credentials.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const secret = "a secret of TURN with more than 32 bytes";
const ann = { user: "ann", remoteAddress: "192.0.2.1" };
const own: OwnTurnUrls = { stun: "stun:a.example:3478", turn: ["turn:a.example:3478?transport=udp"] };

function openList(settings: Partial<TurnSettings> = {}, { isListening = true } = {}) {
  const clock = new FakeClock(1_700_000_000_000);
  const all = { advertised: ["own" as const], advertisedCredential: undefined, ttlMs: 3_600_000, ...settings };
  return new KnownIceServers({
    settings: () => all,
    secrets: () => [secret],
    ownUrls: () => (isListening ? own : undefined),
    clock,
  });
}

const passwordOf = (username: string) => new Bun.CryptoHasher("sha1", secret).update(username).digest("base64");

describe("the ICE servers of a client", () => {
  test("are this server's, with a credential that is valid for the time to live", () => {
    const { iceServers, ttl } = openList().listFor(ann);
    expect(ttl).toBe(3_600);
    const username = `1700003600:${turnUserOf(ann, secret)}`;
    expect(iceServers).toEqual([
      { urls: ["stun:a.example:3478"] },
      { urls: ["turn:a.example:3478?transport=udp"], username, credential: passwordOf(username) },
    ]);
  });

  test("are others, too: TURN with the credential of the settings, or one by the secret", () => {
    const advertised = [
      "own" as const,
      { url: "stun:b.example", needsCredential: false },
      { url: "turn:c.example", needsCredential: true },
    ];
    const shared = openList({ advertised }).listFor(ann).iceServers;
    const { username = "" } = shared[1] ?? {};
    expect(shared.slice(2)).toEqual([
      { urls: ["stun:b.example"] },
      { urls: ["turn:c.example"], username, credential: passwordOf(username) },
    ]);
    const advertisedCredential = { username: "yurt", credential: "password" };
    const [, , , given] = openList({ advertised, advertisedCredential }).listFor(ann).iceServers;
    expect(given).toEqual({ urls: ["turn:c.example"], ...advertisedCredential });
  });

  test("are none while nothing listens and no other is known", () => {
    expect(openList({}, { isListening: false }).listFor(ann).iceServers).toEqual([]);
    expect(openList({ advertised: [] }).listFor(ann)).toEqual({ iceServers: [], ttl: 3_600 });
  });
});

describe("the user in a credential", () => {
  test("is the same for a user at every address, in every form of Unicode, and tells nothing of it", () => {
    const user = "Zoë".normalize("NFC");
    const name = turnUserOf({ user, remoteAddress: "192.0.2.1" }, secret);
    expect(turnUserOf({ user: user.normalize("NFD"), remoteAddress: "192.0.2.2" }, secret)).toBe(name);
    expect(name).toMatch(/^[\w-]{16}$/);
    expect(turnUserOf({ user, remoteAddress: "192.0.2.1" }, `another ${secret}`)).not.toBe(name);
  });

  test("is an anonymous one for the address without a user: a /64 of IPv6 is one", () => {
    const userAt = (remoteAddress: string) => turnUserOf({ user: undefined, remoteAddress }, secret);
    expect(userAt("2001:db8::1")).toBe(userAt("2001:db8::2"));
    expect(isAnonymousUser(userAt("2001:db8::1"))).toBe(true);
    expect(userAt("2001:db8:0:1::1")).not.toBe(userAt("2001:db8::1"));
    // Nobody gets the quota of an address by taking its name.
    expect(turnUserOf({ user: "address 192.0.2.1", remoteAddress: "" }, secret)).not.toBe(userAt("192.0.2.1"));
  });
});
