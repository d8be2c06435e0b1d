import { beforeAll, describe, expect, test } from "bun:test";
import { KeySet } from "../../../src/auth/token/key-set.ts";
import { KeySourceError } from "../../../src/auth/token/key-source.ts";
import { KeysUnavailable } from "../../../src/auth/token/token-keys.ts";
import { TokenSigner } from "../../support/bytes/token-signer.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

let old: TokenSigner;
let next: TokenSigner;
let nameless: TokenSigner;

beforeAll(async () => {
  [old, next, nameless] = await Promise.all([
    TokenSigner.create("ES256", "old"),
    TokenSigner.create("ES256", "next"),
    TokenSigner.create("EdDSA"),
  ]);
});

/** A key set whose source answers as the test sets it, and counts its reads. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly recorded = recordedLog();
  reads = 0;
  #answer: (signal: AbortSignal) => Promise<unknown> = async () => ({ keys: [] });
  readonly keys: KeySet = new KeySet({
    source: (signal) => {
      this.reads += 1;
      return this.#answer(signal);
    },
    clock: this.clock,
    log: this.recorded.log,
  });

  async serve(...signers: readonly TokenSigner[]): Promise<void> {
    const set = { keys: await Promise.all(signers.map((signer) => signer.jwk())) };
    this.#answer = async () => set;
  }

  answer(answer: (signal: AbortSignal) => Promise<unknown>): void {
    this.#answer = answer;
  }

  takeDown(): void {
    this.#answer = () => Promise.reject(new KeySourceError("it is down"));
  }

  /** The number of candidate keys. */
  async find(kid?: string, alg = "ES256"): Promise<number | "unavailable"> {
    try {
      const header = kid === undefined ? { alg } : { alg, kid };
      return (await Array.fromAsync(this.keys.candidates(header))).length;
    } catch (error) {
      if (error instanceof KeysUnavailable) return "unavailable";
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.keys.close();
  }
}

/** Runs all pending microtasks. */

describe("a key set", () => {
  test("accepts public keys only", () => {
    using scene = new Scene();
    expect([...scene.keys.algorithms]).toEqual(["RS256", "ES256", "EdDSA"]);
  });

  test("is read once for all waiting callers", async () => {
    using scene = new Scene();
    await scene.serve(old, next);
    expect(await Promise.all([scene.find("old"), scene.find("next"), scene.find("old")])).toEqual([1, 1, 1]);
    expect(scene.reads).toBe(1);
  });

  test("is read once even if the time of day is set back meanwhile", async () => {
    using scene = new Scene();
    const read = Promise.withResolvers<unknown>();
    scene.answer(() => read.promise);
    const first = scene.find("old");
    scene.clock.set(-1);
    const second = scene.find("old");
    read.resolve({ keys: [await old.jwk()] });
    expect([await first, await second, scene.reads]).toEqual([1, 1, 1]);
  });

  test("can be read in advance", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.keys.open();
    await scene.find("old");
    expect(scene.reads).toBe(1);
  });

  test("yields a key for its own algorithm only, and every matching key for a token without a key id", async () => {
    using scene = new Scene();
    await scene.serve(old, next, nameless);
    expect(await scene.find("old", "EdDSA")).toBe(0);
    expect(await scene.find(undefined, "ES256")).toBe(2);
    expect(await scene.find(undefined, "EdDSA")).toBe(1);
    expect(await scene.find(undefined, "RS256")).toBe(0);
  });

  test("skips keys that cannot be used", async () => {
    using scene = new Scene();
    const jwk = { ...(await old.jwk()), x: "AAAA" };
    scene.answer(async () => ({ keys: [jwk, { kty: "oct", k: "AAAA", kid: "secret" }, { kid: "empty" }] }));
    expect(await scene.find("old")).toBe(0);
    expect(await scene.find("secret", "HS256")).toBe(0);
    expect(await scene.find("empty")).toBe(0);
  });

  test("is read again in the background every ten minutes", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    await scene.serve(next);
    scene.clock.advance(599_999);
    await settled();
    expect([await scene.find("old"), scene.reads]).toEqual([1, 1]);
    scene.clock.advance(1);
    await settled();
    expect(scene.reads).toBe(2);
    expect(await scene.find("next")).toBe(1);
    expect(await scene.find("old")).toBe(0);
    scene.clock.advance(600_000);
    await settled();
    expect(scene.reads).toBe(3);
  });

  test("does not delay callers for a read in the background", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    scene.answer(() => new Promise(() => {}));
    scene.clock.advance(600_000);
    expect(scene.reads).toBe(2);
    expect(await scene.find("old")).toBe(1);
  });
});

describe("a key that is not in the set", () => {
  test("is looked for at once, by one read for all waiting callers", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    scene.clock.advance(30_000);
    await scene.serve(old, next);
    expect(await Promise.all([scene.find("next"), scene.find("next"), scene.find("wrong")])).toEqual([1, 1, 0]);
    expect(scene.reads).toBe(2);
  });

  test("is looked for at most every 30 s", async () => {
    using scene = new Scene();
    await scene.serve(old);
    expect([await scene.find("wrong"), scene.reads]).toEqual([0, 1]);
    scene.clock.advance(29_999);
    expect([await scene.find("wrong"), scene.reads]).toEqual([0, 1]);
    scene.clock.advance(1);
    expect([await scene.find("wrong"), scene.reads]).toEqual([0, 2]);
    expect([await scene.find("wrong"), scene.reads]).toEqual([0, 2]);
  });

  test("is looked for even if the time of day was set back, and the background reads continue", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    await scene.serve(old, next);
    scene.clock.set(-3_600_000);
    scene.clock.advance(30_000);
    expect([await scene.find("next"), scene.reads]).toEqual([1, 2]);
    scene.clock.set(-3_600_000);
    scene.clock.advance(600_000);
    await settled();
    scene.clock.set(-3_600_000);
    scene.clock.advance(600_000);
    await settled();
    expect(scene.reads).toBe(4);
  });

  test("may have no key id, and follows a key that did not match", async () => {
    using scene = new Scene();
    await scene.serve(nameless);
    await scene.find(undefined, "EdDSA");
    scene.clock.advance(30_000);
    const successor = await TokenSigner.create("EdDSA");
    await scene.serve(successor);
    expect(await scene.find(undefined, "EdDSA")).toBe(2);
  });

  test("is not looked for if the set has a key with its id", async () => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    scene.clock.advance(30_000);
    expect([await scene.find("old"), scene.reads]).toEqual([1, 1]);
  });
});

describe("a key set that cannot be read", () => {
  test("is unavailable until the first read succeeds, and is read again every 5 s", async () => {
    using scene = new Scene();
    scene.takeDown();
    expect([await scene.find("old"), scene.reads]).toEqual(["unavailable", 1]);
    scene.clock.advance(4_999);
    expect([await scene.find("old"), scene.reads]).toEqual(["unavailable", 1]);
    scene.clock.advance(1);
    await settled();
    expect(scene.reads).toBe(2);
    await scene.serve(old);
    scene.clock.advance(5_000);
    expect([await scene.find("old"), scene.reads]).toEqual([1, 3]);
  });

  test.each([
    ["down", () => Promise.reject(new KeySourceError("it is down")), "it is down"],
    ["crashed", () => Promise.reject(new TypeError("told nobody")), "not a JSON Web Key Set (JWKS)"],
    ["garbage", async () => "garbage", "not a JSON Web Key Set (JWKS)"],
    ["null", async () => null, "not a JSON Web Key Set (JWKS)"],
    ["another object", async () => ({ key: [] }), "not a JSON Web Key Set (JWKS)"],
    ["a list of others", async () => ({ keys: [1] }), "not a JSON Web Key Set (JWKS)"],
  ])("stays as it was (%s), and the trouble is told once", async (_, answer, problem) => {
    using scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    scene.answer(answer);
    for (let minute = 0; minute < 60; minute += 1) {
      scene.clock.advance(60_000);
      await settled();
      expect(await scene.find("old")).toBe(1);
      if (minute > 10) expect(await scene.find("next")).toBe("unavailable");
    }
    expect(scene.recorded.events).toEqual([
      { level: "warn", event: "key-set-failed", problem, keepsPreviousKeys: true },
    ]);
    expect(scene.reads).toBeGreaterThan(50);
    await scene.serve(next);
    scene.clock.advance(30_000);
    await settled();
    expect(await scene.find("next")).toBe(1);
    expect(scene.recorded.events.slice(1)).toEqual([{ level: "info", event: "key-set-recovered" }]);
  });

  test("times out after 5 s, and its source is aborted", async () => {
    using scene = new Scene();
    const signals: AbortSignal[] = [];
    scene.answer((signal) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    const waiting = [scene.find("old"), scene.find("next")];
    scene.clock.advance(4_999);
    await settled();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    scene.clock.advance(1);
    expect(await Promise.all(waiting)).toEqual(["unavailable", "unavailable"]);
    expect(signals[0]?.aborted).toBe(true);
    const problem = "no answer within 5000 ms";
    expect(scene.recorded.events).toEqual([
      { level: "warn", event: "key-set-failed", problem, keepsPreviousKeys: false },
    ]);
  });
});

describe("a key set that is closed", () => {
  test("leaves no timer and no read behind, and logs nothing", async () => {
    const scene = new Scene();
    scene.answer(() => new Promise(() => {}));
    const waiting = scene.find("old");
    scene.keys.close();
    scene.keys.close();
    expect(await waiting).toBe("unavailable");
    expect(scene.clock.pendingTimers).toBe(0);
    expect(await scene.find("old")).toBe("unavailable");
    expect([scene.reads, scene.recorded.events]).toEqual([1, []]);
  });

  test("is not read again", async () => {
    const scene = new Scene();
    await scene.serve(old);
    await scene.find("old");
    scene.keys.close();
    scene.clock.advance(600_000);
    await settled();
    expect([scene.reads, scene.clock.pendingTimers]).toEqual([1, 0]);
  });
});
