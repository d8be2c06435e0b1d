import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { Credentials, longTermKey, mintCredential } from "../../../src/turn/credentials/credentials.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { methods } from "../../../src/turn/message/message-type.ts";
import { decodeStun, type StunMessage } from "../../../src/turn/message/stun-message.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const hourMs = 3_600_000;
const realm = "yurt";

function credentialsOf(clock: FakeClock, ...secrets: readonly string[]): Credentials {
  return new Credentials({ secrets, realm, maxTtlMs: 12 * hourMs, clock });
}

interface Signed {
  readonly username: string;
  readonly credential: string;
  readonly realm?: string;
}

function request({ username, credential, realm: used = realm }: Signed): StunMessage {
  return decode(
    new StunWriter()
      .begin(methods.allocate, "request", new Uint8Array(12))
      .text(attributes.username, username)
      .text(attributes.realm, used)
      .text(attributes.nonce, "nonce")
      .sign(longTermKey(username, used, credential)),
  );
}

function decode(writer: StunWriter): StunMessage {
  const message = decodeStun(writer.finish().slice());
  if (message === undefined) throw new Error("the message is malformed");
  return message;
}

describe("a credential", () => {
  test("is the one that every TURN server with the secret computes", () => {
    const { username, credential } = mintCredential({ secret: "s3cret", user: "ann", expiresAt: 1_700_000_000_999 });
    expect(username).toBe("1700000000:ann");
    expect(credential).toBe(createHmac("sha1", "s3cret").update(username).digest("base64"));
    const key = createHash("md5").update(`${username}:${realm}:${credential}`).digest("hex");
    expect(longTermKey(username, realm, credential).toHex()).toBe(key);
  });

  test("identifies its user, who may have colons and any letters", () => {
    const clock = new FakeClock();
    const credentials = credentialsOf(clock, "secret");
    for (const user of ["ann", "a:b:c", "Ann マト 😀", "line\nbreak"]) {
      const minted = credentials.mint(user, hourMs);
      const identity = credentials.authenticate(request(minted));
      expect(identity).toMatchObject({ user, username: minted.username, expiresAt: clock.now() + hourMs });
      expect(identity?.key.toHex()).toBe(longTermKey(minted.username, realm, minted.credential).toHex());
    }
  });

  test("expires, and lasts longer only with a grace", () => {
    const clock = new FakeClock();
    const credentials = credentialsOf(clock, "secret");
    const message = request(credentials.mint("ann", hourMs));
    clock.advance(hourMs - 1);
    expect(credentials.authenticate(message)).toBeDefined();
    clock.advance(1);
    expect(credentials.authenticate(message)).toBeUndefined();
    expect(credentials.authenticate(message, 1_000)).toBeDefined();
    clock.advance(1_000);
    expect(credentials.authenticate(message, 1_000)).toBeUndefined();
  });

  test("is refused if it expires later than any that the server issues", () => {
    const clock = new FakeClock();
    const credentials = credentialsOf(clock, "secret");
    expect(credentials.authenticate(request(credentials.mint("ann", 12 * hourMs)))).toBeDefined();
    expect(credentials.authenticate(request(credentials.mint("ann", 13 * hourMs)))).toBeUndefined();
    // A clock that is set back by a second refuses no credential.
    const message = request(credentials.mint("ann", 12 * hourMs));
    clock.set(-1_000);
    expect(credentials.authenticate(message)).toBeDefined();
  });

  test("of the previous secret counts as long as that is configured", () => {
    const clock = new FakeClock();
    const old = credentialsOf(clock, "old").mint("ann", hourMs);
    expect(credentialsOf(clock, "new", "old").authenticate(request(old))?.user).toBe("ann");
    expect(credentialsOf(clock, "new").authenticate(request(old))).toBeUndefined();
    const minted = credentialsOf(clock, "new", "old").mint("ann", hourMs);
    expect(credentialsOf(clock, "new").authenticate(request(minted))?.user).toBe("ann");
  });

  test("cannot be minted for a user with too many bytes", () => {
    const expiresAt = 1_700_000_000_000;
    expect(mintCredential({ secret: "s", user: "u".repeat(497), expiresAt }).username).toHaveLength(508);
    expect(() => mintCredential({ secret: "s", user: "u".repeat(498), expiresAt })).toThrow(RangeError);
    expect(() => mintCredential({ secret: "s", user: "マ".repeat(200), expiresAt })).toThrow(RangeError);
  });
});

describe("a request is not authenticated", () => {
  const clock = new FakeClock();
  const credentials = credentialsOf(clock, "secret");
  const valid = credentials.mint("ann", hourMs);
  const [expiry] = valid.username.split(":");

  test("with a wrong password", () => {
    expect(credentials.authenticate(request({ ...valid, credential: "wrong" }))).toBeUndefined();
  });

  test("for another realm", () => {
    expect(credentials.authenticate(request({ ...valid, realm: "other" }))).toBeUndefined();
  });

  test.each([
    ...["", "ann", ":ann", `${expiry}`, `${expiry}:`, `${expiry} :ann`, `+${expiry}:ann`, "0x65a0:ann", "1e12:ann"],
    ...["9999999999999:ann", "-1:ann", `${expiry}:${"u".repeat(600)}`],
  ])("with the username %p, although the secret signed it", (username) => {
    const credential = createHmac("sha1", "secret").update(username).digest("base64");
    expect(credentials.authenticate(request({ username, credential }))).toBeUndefined();
  });

  test("with a username that is not UTF-8, or without username, realm or signature", () => {
    const begin = () => new StunWriter().begin(methods.allocate, "request", new Uint8Array(12));
    const key = longTermKey(valid.username, realm, valid.credential);
    const messages = [
      begin()
        .bytes(attributes.username, Uint8Array.of(0x31, 0x3a, 0xff))
        .text(attributes.realm, realm)
        .sign(key),
      begin().text(attributes.realm, realm).sign(key),
      begin().text(attributes.username, valid.username).sign(key),
      begin().text(attributes.username, valid.username).text(attributes.realm, realm),
    ];
    for (const message of messages) expect(credentials.authenticate(decode(message))).toBeUndefined();
  });
});
