import { expect, test } from "bun:test";
import {
  decodePresence,
  encodePresence,
  type NodeEntry,
  type PresenceMessage,
} from "../../../../src/relay/awareness/nodes/presence-codec.ts";
import { DecodeError } from "../../../../src/relay/update/strict-decoding.ts";
import { type Random, withSeeds } from "../../../support/bytes/random.ts";

const randomEntry = (random: Random): NodeEntry => ({
  clientId: random.integer(2 ** 32),
  clock: random.integer(2 ** 32),
  state: random.chance(0.3) ? undefined : random.pick(["{}", '{"name":"Zoë 🐈"}']),
  hold: random.pick(["none", "claim", "owned"]),
  isFirst: random.chance(0.5),
  ageMs: random.integer(60_000),
});

function randomMessage(random: Random): PresenceMessage {
  const entries = Array.from({ length: random.integer(4) }, () => randomEntry(random));
  const ids = entries.map(({ clientId, clock }) => ({ clientId, clock }));
  return random.pick<PresenceMessage>([
    { type: "changes", entries },
    { type: "all", entries, wanted: random.pick(["nothing", "entries", "answer"]) },
    { type: "outdated", ids },
    { type: "closed" },
    { type: "missed" },
  ]);
}

test("a presence message is decoded as it was encoded, and any other bytes are refused or unknown", () => {
  withSeeds(500, (random) => {
    const message = randomMessage(random);
    const bytes = encodePresence(message);
    expect(decodePresence(bytes)).toEqual(message);
    const damaged = bytes.slice(0, random.integer(bytes.byteLength + 1));
    if (damaged.byteLength > 0) damaged[random.integer(damaged.byteLength)] = random.integer(256);
    try {
      decodePresence(damaged);
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
    }
  });
});

test("a message of an unknown type, of a later release, is undefined", () => {
  expect(decodePresence(Uint8Array.of(99, 1, 2))).toBeUndefined();
});
