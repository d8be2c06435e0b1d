import { describe, expect, test } from "bun:test";
import { CallOrder } from "../../../src/storage/postgres/call-order.ts";

/** Calls that end when a test wants it, and the names of those that have begun. */
class Calls {
  readonly order = new CallOrder();
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();

  append(name: string, ...documents: readonly string[]): void {
    void this.order.append(documents, this.#task(name)).catch(() => {});
  }

  about(name: string, document: string): void {
    void this.order.about(document, this.#task(name)).catch(() => {});
  }

  change(name: string, document: string): void {
    void this.order.change(document, this.#task(name)).catch(() => {});
  }

  aboutAll(name: string): void {
    void this.order.aboutAll(this.#task(name)).catch(() => {});
  }

  /** Ends a call, and lets those begin that have waited for it. */
  async end(name: string, error?: Error): Promise<void> {
    const end = this.#ends.get(name);
    if (error === undefined) end?.resolve();
    else end?.reject(error);
    await turn();
  }

  #task(name: string): () => Promise<void> {
    const end = Promise.withResolvers<void>();
    this.#ends.set(name, end);
    return () => {
      this.begun.push(name);
      return end.promise;
    };
  }
}

/** All promises that can settle have settled. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("calls", () => {
  test("that append follow each other, and a failed one holds up none", async () => {
    const calls = new Calls();
    calls.append("first", "a");
    calls.append("second", "b");
    await turn();
    expect(calls.begun).toEqual(["first"]);
    await calls.end("first", new Error("the disk is full"));
    expect(calls.begun).toEqual(["first", "second"]);
  });

  test("about different documents run at the same time, those about one after each other", async () => {
    const calls = new Calls();
    calls.about("first of a", "a");
    calls.about("second of a", "a");
    calls.about("first of b", "b");
    await turn();
    expect(calls.begun).toEqual(["first of a", "first of b"]);
    await calls.end("first of a");
    expect(calls.begun).toEqual(["first of a", "first of b", "second of a"]);
  });

  test("that append wait for changes of their documents alone", async () => {
    const calls = new Calls();
    calls.change("purge of a", "a");
    calls.append("append to b", "b");
    calls.append("append to a", "b", "a");
    calls.append("later", "c");
    await turn();
    expect(calls.begun).toEqual(["purge of a", "append to b"]);
    await calls.end("append to b");
    expect(calls.begun).toEqual(["purge of a", "append to b"]);
    await calls.end("purge of a");
    await calls.end("append to a");
    expect(calls.begun).toEqual(["purge of a", "append to b", "append to a", "later"]);
  });

  test("that append do not wait for a reading, also behind an earlier change, and are followed by later ones", async () => {
    const calls = new Calls();
    calls.change("undeletion", "a");
    await calls.end("undeletion");
    calls.about("load", "a");
    calls.append("append", "a");
    calls.about("second load", "a");
    await turn();
    expect(calls.begun).toEqual(["undeletion", "load", "append"]);
    await calls.end("load");
    expect(calls.begun).toHaveLength(3);
    await calls.end("append");
    expect(calls.begun.at(-1)).toBe("second load");
  });

  test("that change a document wait for its readings, and appends to it for both", async () => {
    const calls = new Calls();
    calls.about("load", "a");
    calls.change("purge", "a");
    calls.append("append", "a");
    calls.about("second load", "a");
    await turn();
    expect(calls.begun).toEqual(["load"]);
    await calls.end("load");
    expect(calls.begun).toEqual(["load", "purge"]);
    await calls.end("purge", new Error("the database is away"));
    await calls.end("append");
    expect(calls.begun).toEqual(["load", "purge", "append", "second load"]);
  });

  test("about all documents wait for all, and hold up none", async () => {
    const calls = new Calls();
    calls.about("load", "a");
    calls.append("append", "b");
    calls.aboutAll("list");
    calls.append("later", "b");
    await calls.end("load");
    expect(calls.begun).toEqual(["load", "append"]);
    await calls.end("append");
    expect(calls.begun.toSorted()).toEqual(["append", "later", "list", "load"]);
    let isFinished = false;
    void calls.order.finished().then(() => {
      isFinished = true;
    });
    await calls.end("later");
    expect(isFinished).toBe(false);
    await calls.end("list");
    expect(isFinished).toBe(true);
  });
});
