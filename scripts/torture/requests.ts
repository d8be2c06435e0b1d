import * as Y from "yjs";
import { systemClock } from "../../src/lib/time/clock.ts";
import { ApiKeysFile } from "../../src/storage/api-keys-file.ts";
import { Random } from "../../test/support/bytes/random.ts";
import { pause } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { storedBases } from "./kill.ts";
import { countClocks, Ledger } from "./ledger.ts";
import { Faults, type Outcome, type Progress } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface RequestsOptions {
  /** The number of kills while requests are answered. */
  readonly rounds: number;
  readonly seed: number;
  /** The data folder of all rounds. */
  readonly dataFolder: string;
  readonly progress?: Progress;
  /**
   * Called after each kill, while no server runs. A test damages the data here to prove that the torture reports it.
   */
  readonly damage?: (dataFolder: string) => void;
}

const documents = 12;
const limitMs = 20_000;
const longestRoundMs = 1_200;

/**
 * Writes, deletes, restores and purges documents by HTTP, kills the server again and again, and checks that no confirmed
 * update is lost, and that no document is back whose deletion was confirmed.
 */
export async function tortureByRequests({
  damage,
  dataFolder,
  progress,
  rounds,
  seed,
}: RequestsOptions): Promise<Outcome> {
  const random = new Random(seed);
  const key = new ApiKeysFile(dataFolder, systemClock).create({
    name: "torture",
    scope: "docs:admin",
    prefix: "",
  }).text;
  const writers = Array.from({ length: documents }, (_, index) => new Writer(`document ${index}`, random, key));
  const faults = new Faults();
  let bases = new Set<number>();
  let compactions = 0;
  const check = async (url: string, round: number) => {
    const former = bases;
    bases = new Set([...storedBases(dataFolder).values()].filter((base) => base !== null));
    // Several compactions of a document between two looks count as one.
    compactions += bases.difference(former).size;
    for (const writer of writers) {
      const fault = await writer.check(url);
      if (fault !== undefined) faults.add(`round ${round} of seed ${seed}: ${fault}`);
    }
  };
  for (let round = 1; round <= rounds; round += 1) {
    await using server = new ServerProcess({ dataFolder });
    const url = `http://127.0.0.1:${await within(limitMs, "the server listens", server.port())}`;
    await check(url, round);
    const working = writers.map((writer) => writer.work(url));
    await pause(random.integer(longestRoundMs));
    faults.unless(!server.hasEnded, `round ${round}: the server ended by itself`);
    server.kill("SIGKILL");
    await within(limitMs, "killed", server.ended());
    await within(limitMs, "all requests have ended", Promise.all(working));
    for (const trouble of server.troubles) faults.add(`round ${round}: ${trouble}`);
    damage?.(dataFolder);
    if (round % 10 === 0) progress?.(`killed ${round} times`);
  }
  await using server = new ServerProcess({ dataFolder });
  await check(`http://127.0.0.1:${await within(limitMs, "the server listens", server.port())}`, rounds + 1);
  const sum = (of: (writer: Writer) => number) => writers.reduce((total, writer) => total + of(writer), 0);
  return {
    figures: {
      seed,
      kills: rounds,
      "compactions counted": compactions,
      "updates confirmed": sum(({ confirmed }) => confirmed),
      "deletions confirmed": sum(({ deletions }) => deletions),
      "purges confirmed": sum(({ purges }) => purges),
    },
    faults: faults.all,
  };
}

type State = "present" | "deleted" | "gone";

/** The one writer of a document, which knows what was confirmed to it. */
class Writer {
  confirmed = 0;
  deletions = 0;
  purges = 0;
  readonly #name: string;
  readonly #random: Random;
  readonly #key: string;
  #state: State = "gone";
  /** The state that a request would have led to whose answer has not come. */
  #uncertain: State | undefined;
  #doc = new Y.Doc();
  /** The content that was confirmed, and its state vector. */
  #ledger = new Ledger();
  #reached = Y.encodeStateVector(new Y.Doc());

  constructor(name: string, random: Random, key: string) {
    this.#name = name;
    this.#random = random;
    this.#key = key;
  }

  /** Sends one request after the other until the server is gone. */
  async work(url: string): Promise<void> {
    try {
      for (;;) await this.#step(url);
    } catch (error) {
      if (!(error instanceof Error) || error.name === "UnexpectedAnswer") throw error;
    }
  }

  /** Compares the document with what was confirmed; the fault if there is one. Then goes on from what there is. */
  async check(url: string): Promise<string | undefined> {
    const { found, status } = await this.#look(url);
    const expected = [this.#state, this.#uncertain];
    const former = this.#state;
    this.#state = found;
    this.#uncertain = undefined;
    if (found === "gone") this.#forget();
    if (!expected.includes(found)) return `${this.#name} was ${former}, and is ${found} (${status})`;
    if (found !== "present") return undefined;
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await (await this.#ask(url, "GET", "/update")).bytes());
    const { deletes, structs } = this.#ledger.missingFrom(doc);
    const missing = countClocks(structs) + countClocks(deletes);
    return missing === 0 ? undefined : `${this.#name}: ${missing} confirmed clocks are missing`;
  }

  async #step(url: string): Promise<void> {
    if (this.#state === "deleted") {
      // Some kills find it deleted.
      if (this.#random.chance(0.9)) return pause(10);
      if (this.#random.chance(0.5)) return this.#change(url, ["POST", "/undelete"], "present");
      await this.#change(url, ["DELETE", "?purge=1"], "gone");
      this.purges += 1;
      return this.#forget();
    }
    if (this.#state === "gone" || this.#random.chance(0.95)) return this.#write(url);
    await this.#change(url, ["DELETE", ""], "deleted");
    this.deletions += 1;
  }

  async #write(url: string): Promise<void> {
    const text = this.#doc.getText("text");
    if (text.length > 50_000 || this.#random.chance(0.2)) text.delete(0, Math.floor(text.length / 2));
    // Some updates are so large that a compaction follows.
    text.insert(
      this.#random.integer(text.length + 1),
      "x".repeat(1 + this.#random.integer(this.#random.chance(0.05) ? 40_000 : 50)),
    );
    const update = Y.encodeStateAsUpdate(this.#doc, this.#reached).slice();
    const reached = Y.encodeStateVector(this.#doc);
    this.#uncertain = "present";
    await this.#expect(await this.#ask(url, "POST", "/update", update), 200);
    this.#uncertain = undefined;
    this.#state = "present";
    this.#ledger.add(update);
    this.#reached = reached;
    this.confirmed += 1;
  }

  async #change(url: string, [method, path]: readonly [string, string], state: State): Promise<void> {
    this.#uncertain = state;
    await this.#expect(await this.#ask(url, method, path), method === "DELETE" ? 204 : 200);
    this.#state = state;
    this.#uncertain = undefined;
  }

  async #look(url: string): Promise<{ readonly found: State; readonly status: number }> {
    const response = await this.#ask(url, "GET", "");
    const body = Object(await response.json());
    if (response.status === 404) return { found: "gone", status: 404 };
    if (response.status !== 200) throw new Error(`${this.#name}: ${response.status} ${body.detail}`);
    return { found: body.deletedAt === null ? "present" : "deleted", status: response.status };
  }

  #forget(): void {
    this.#doc = new Y.Doc();
    this.#ledger = new Ledger();
    this.#reached = Y.encodeStateVector(this.#doc);
  }

  #ask(url: string, method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<Response> {
    return fetch(`${url}/v1/docs/${encodeURIComponent(this.#name)}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/octet-stream" },
      ...(body !== undefined && { body }),
    });
  }

  async #expect(response: Response, status: number): Promise<void> {
    const text = await response.text();
    if (response.status === status) return;
    const error = new Error(`${this.#name}: ${response.status} ${text}`);
    error.name = "UnexpectedAnswer";
    throw error;
  }
}
