import { beforeAll, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { tortureByFrames } from "../../scripts/torture/fuzz/fuzz.ts";
import { conversations } from "../../scripts/torture/fuzz/hocuspocus-mutations.ts";
import { hostileUpdates } from "../../scripts/torture/fuzz/hostile-corpus.ts";
import { isRefused, syncFrames } from "../../scripts/torture/fuzz/sync-mutations.ts";
import { encodeMessage } from "../../src/relay/y-websocket/codec.ts";
import { Random } from "../support/bytes/random.ts";
import { ensureExecutable } from "../support/processes/executable.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";

beforeAll(ensureExecutable);

test("50,000 invalid frames crash nothing, leave memory flat and other rooms unharmed", async () => {
  const dataFolder = await temporaryFolder();
  const { figures, faults } = await tortureByFrames({ frames: 50_000, seed: 20_250_607, dataFolder });
  expect(faults).toEqual([]);
  expect(figures["frames handled"]).toBeGreaterThanOrEqual(50_000);
  expect(figures["frames refused"]).toBeGreaterThan(5_000);
  await rm(dataFolder, { recursive: true, force: true });
});

test.each(hostileUpdates.map((update, index) => [index, update] as const))(
  "number %i of the hostile corpus is refused",
  (_, update) => {
    expect(isRefused(encodeMessage({ type: "update", update }))).toBeTrue();
  },
);

test("the same seed generates the same frames", () => {
  const some = (seed: number) => {
    const frames = syncFrames(new Random(seed));
    return Array.from({ length: 500 }, () => Buffer.from(frames.next().value).toString("hex"));
  };
  expect(some(1)).toEqual(some(1));
  expect(some(1)).not.toEqual(some(2));
});

test("the same seed generates the same conversations over Hocuspocus, in each of which documents are refused", () => {
  const some = (seed: number) => {
    const random = new Random(seed);
    const all = conversations(random, syncFrames(random), () => ["a", "b"]);
    return Array.from({ length: 40 }, () => all.next().value);
  };
  const shown = (seed: number) =>
    Bun.hash(
      some(seed)
        .flatMap(({ frames }) => frames.map(String))
        .join(),
    );
  expect(shown(1)).toBe(shown(1));
  expect(shown(1)).not.toBe(shown(2));
  const whole = some(1).filter(({ endsConnection }) => !endsConnection);
  expect(whole.length).toBeGreaterThan(5);
  expect(whole.length).toBeLessThan(40);
  expect(whole.every(({ refusals }) => refusals > 0)).toBeTrue();
});
