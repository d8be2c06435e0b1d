import { expect, setDefaultTimeout, test } from "bun:test";
import { StreamFraming } from "../../../src/turn/message/stream-framing.ts";
import { withSeeds } from "../../support/bytes/random.ts";
import { compareStunReaders } from "../../support/turn/compare-stun-readers.ts";
import { mutateStun, stunMessages } from "../../support/turn/stun-mutations.ts";

setDefaultTimeout(120_000);

test("no mutated packet throws, and the reader in place finds what the decoder finds", () => {
  const found = { decoded: 0, signed: 0, relayed: 0 };
  withSeeds(20, (random) => {
    const { decoded, signed, relayed, faults } = compareStunReaders(random, 10_000);
    expect(faults).toEqual([]);
    found.decoded += decoded;
    found.signed += signed;
    found.relayed += relayed;
  });
  expect(found.decoded).toBeGreaterThan(25_000);
  expect(found.signed).toBeGreaterThan(1_000);
  expect(found.relayed).toBeGreaterThan(5_000);
});

test("a stream of mutated messages delivers whole messages or ends, and holds no more than one message", () => {
  const messages = stunMessages();
  let ended = 0;
  withSeeds(1_000, (random) => {
    const framing = new StreamFraming();
    for (let count = 0; count < 30; count += 1) {
      const chunk = random.chance(0.8) ? random.pick(messages) : mutateStun(random, messages);
      const fault = framing.push(chunk, (message) => {
        expect(message.byteLength).toBeGreaterThanOrEqual(4);
      });
      expect(framing.pendingBytes).toBeLessThan(65_552);
      if (fault === undefined) continue;
      ended += 1;
      break;
    }
  });
  expect(ended).toBeGreaterThan(100);
});
