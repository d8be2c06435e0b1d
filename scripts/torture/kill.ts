import { Database } from "bun:sqlite";
import { join } from "node:path";
import * as Y from "yjs";
import { Random } from "../../test/support/bytes/random.ts";
import { pause } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { Editor, pasting, typing, type Witnessed } from "./client/editors.ts";
import { fetchDocument, SyncClient } from "./client/sync-client.ts";
import type { SyncProtocol } from "./client/sync-protocol.ts";
import { SyncServer } from "./client/sync-server.ts";
import { countClocks, Ledger } from "./ledger.ts";
import { Faults, type Outcome, type Progress } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";
import { openTrace } from "./trace.ts";

export interface KillOptions {
  /** The number of kills while clients work. */
  readonly rounds: number;
  readonly seed: number;
  /** The protocols of the clients, which take turns. */
  readonly protocols: readonly SyncProtocol[];
  /** The data folder of all rounds. */
  readonly dataFolder: string;
  readonly progress?: Progress;
  /**
   * Called after each kill, while no server runs. A test damages the data here to prove that the torture reports it.
   */
  readonly damage?: (dataFolder: string) => void;
}

/**
 * The moments of a kill: while editors type; when a client receives an update; when a log has grown to the size at
 * which its compaction starts; while clients join.
 */
const moments = ["typing", "hearing", "compaction", "joining"] as const;

interface Document {
  readonly name: string;
  readonly editors: readonly Editor[];
  /** The number of edits of each editor per turn, on average. */
  readonly editsPerTurn: number;
  readonly witnessed: Witnessed;
  /** The row of its compacted base at the last look. */
  base: number | undefined;
}

const editorsPerDocument = 2;
const readersPerDocument = 2;
const typedDocuments = 3;
/** The document with the fast-growing log. */
const pasted = "pasted";
const traceEdits = 40_000;
const limitMs = 20_000;
/** The updates that may wait for their acknowledgement. This bound keeps the editors close to the server. */
const waitingUpdates = 300;
/** The number of pastes of 12 kB that fill the tail of 64 kB at which a compaction starts. */
const pastesToCompaction = 6;

/**
 * Edits in one data folder, kills the server again and again, and checks that no update that a client received is lost.
 */
export async function tortureByKilling(options: KillOptions): Promise<Outcome> {
  return new KillTorture(options).run();
}

class KillTorture {
  readonly #options: KillOptions;
  readonly #random: Random;
  readonly #documents: readonly Document[];
  readonly #faults = new Faults();
  readonly #traceSource: string;
  readonly #killedAt = new Map<string, number>();
  #killedAtStart = 0;
  #compactions = 0;
  #missing = { seen: 0, acknowledged: 0 };
  /** Called at each update that a reader receives. */
  #heard: () => void = () => {};

  constructor(options: KillOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    const { patches, source } = openTrace(traceEdits, options.seed);
    this.#traceSource = source;
    const typed = Array.from({ length: typedDocuments }, (_, index) =>
      this.#document(`typed ${index}`, 3, () => typing(patches)),
    );
    this.#documents = [...typed, this.#document(pasted, 0.25, () => pasting(this.#random))];
  }

  async run(): Promise<Outcome> {
    const { rounds, progress } = this.#options;
    for (let round = 1; round <= rounds; round += 1) {
      await this.#round(round);
      if (round % 10 === 0) progress?.(`killed ${round} times, ${this.#sent} updates sent`);
    }
    await using server = await this.#start();
    await this.#check(server, rounds + 1);
    server.kill("SIGTERM");
    const { code } = await within(limitMs, "stopped", server.ended());
    this.#faults.unless(code === 0, `the last server ended with ${code}`);
    const total = (of: "seen" | "acknowledged") =>
      this.#documents.reduce((sum, each) => sum + each.witnessed[of].updates, 0);
    return {
      figures: {
        seed: this.#options.seed,
        trace: this.#traceSource,
        ...Object.fromEntries(moments.map((moment) => [`kills: ${moment}`, this.#killedAt.get(moment) ?? 0])),
        "kills: start": this.#killedAtStart,
        "compactions counted": this.#compactions,
        "updates sent": this.#sent,
        "updates received": total("seen"),
        "updates acknowledged": total("acknowledged"),
        "received clocks missing": this.#missing.seen,
        "acknowledged clocks missing": this.#missing.acknowledged,
      },
      faults: this.#faults.all,
    };
  }

  async #round(round: number): Promise<void> {
    await using server = await this.#start();
    await this.#check(server, round);
    const moment = this.#random.pick(moments);
    const syncServers = await this.#syncServers(server, editorsPerDocument + readersPerDocument);
    const readers = this.#documents.flatMap(({ name, editors, witnessed }) =>
      syncServers.flatMap((syncServer, index) => {
        const editor = editors[index];
        if (editor === undefined) return this.#read(syncServer, name, witnessed);
        editor.enter(syncServer, name);
        return [];
      }),
    );
    if (moment === "joining") await pause(this.#random.integer(40));
    else await this.#work(moment);
    this.#faults.unless(!server.hasEnded, `round ${round}: the server ended by itself`);
    server.kill("SIGKILL");
    await within(limitMs, "killed", server.ended());
    // Updates under way are read to the end, because the clients have received them.
    const closings = [...readers.map(({ closed }) => closed), ...this.#editors.map(({ closed }) => closed)];
    await within(limitMs, "closed", Promise.all(closings));
    for (const trouble of server.troubles) this.#faults.add(`round ${round}: ${trouble}`);
    for (const { name, witnessed } of this.#documents) {
      for (const trouble of witnessed.troubles) this.#faults.add(`round ${round}, document "${name}": ${trouble}`);
      witnessed.troubles.clear();
    }
    this.#killedAt.set(moment, (this.#killedAt.get(moment) ?? 0) + 1);
    this.#options.damage?.(this.#options.dataFolder);
  }

  /** All editors type until the moment has come. */
  async #work(moment: "typing" | "hearing" | "compaction"): Promise<void> {
    await within(limitMs, "all editors have synced", Promise.all(this.#editors.map(({ synced }) => synced)));
    let isOver = false;
    const over = this.#moment(moment).then(() => {
      isOver = true;
    });
    const deadline = performance.now() + limitMs;
    while (!isOver && performance.now() < deadline) {
      for (const document of this.#documents) this.#typeInto(document);
      await pause(1);
    }
    this.#faults.unless(isOver, `the moment "${moment}" has not come within ${limitMs} ms`);
    await over;
  }

  #typeInto({ editors, editsPerTurn }: Document): void {
    for (const editor of editors) {
      if (editor.waiting > waitingUpdates) continue;
      const edits = this.#random.real() * 2 * editsPerTurn;
      for (let left = Math.floor(edits + this.#random.real()); left > 0; left -= 1) editor.type();
    }
  }

  async #moment(moment: "typing" | "hearing" | "compaction"): Promise<void> {
    if (moment === "typing") return pause(this.#random.integer(600));
    const growing = this.#documents.filter(({ name }) => name === pasted);
    const heardBefore = heardIn(growing);
    // Every client in the document receives each paste.
    const enough = pastesToCompaction * (editorsPerDocument + readersPerDocument);
    let wanted = this.#random.integer(100);
    await within(
      limitMs,
      moment,
      new Promise<void>((resolve) => {
        this.#heard = () => {
          wanted -= 1;
          if (moment === "hearing" ? wanted <= 0 : heardIn(growing) - heardBefore >= enough) resolve();
        };
      }),
    );
    if (moment === "compaction") await pause(this.#random.integer(40));
  }

  #read(syncServer: SyncServer, document: string, { seen, troubles }: Witnessed): SyncClient {
    const client = new SyncClient(syncServer, document, {
      updated: (update) => {
        seen.add(update);
        this.#heard();
      },
      troubled: (why) => troubles.add(why),
    });
    client.opened.then(
      () => client.send({ type: "sync-step-1", stateVector: Uint8Array.of(0) }),
      () => {},
    );
    return client;
  }

  /** Starts a server and waits until it listens. Some servers are killed before that, at any step of their start. */
  async #start(): Promise<ServerProcess> {
    const { dataFolder } = this.#options;
    while (this.#random.chance(0.3)) {
      await using _killed = new ServerProcess({ dataFolder });
      await pause(this.#random.integer(150));
      this.#killedAtStart += 1;
    }
    const server = new ServerProcess({ dataFolder });
    await within(limitMs, "the server listens", server.port());
    return server;
  }

  /**
   * Compares the received updates with the content that a new client gets. No other client has joined yet that could
   * restore a lost update.
   */
  async #check(server: ServerProcess, round: number): Promise<void> {
    const syncServers = await this.#syncServers(server, this.#documents.length);
    for (const [index, syncServer] of syncServers.entries()) {
      const document = this.#documents[index];
      if (document === undefined) continue;
      const doc = new Y.Doc();
      for (const update of await fetchDocument(syncServer, document.name)) Y.applyUpdate(doc, update);
      const where = `round ${round} of seed ${this.#options.seed}, document "${document.name}"`;
      for (const kind of ["seen", "acknowledged"] as const) {
        const { structs, deletes } = document.witnessed[kind].missingFrom(doc);
        const missing = countClocks(structs) + countClocks(deletes);
        this.#missing[kind] += missing;
        if (missing > 0) this.#faults.add(`${where}: ${kind} and missing ${JSON.stringify({ structs, deletes })}`);
      }
      const isWhole = doc.store.pendingStructs === null && doc.store.pendingDs === null;
      this.#faults.unless(isWhole, `${where}: the document has gaps`);
      doc.destroy();
    }
    this.#countCompactions();
  }

  /** Several compactions between two looks count as one. */
  #countCompactions(): void {
    const bases = storedBases(this.#options.dataFolder);
    for (const document of this.#documents) {
      const base = bases.get(document.name) ?? undefined;
      if (base !== document.base) this.#compactions += 1;
      document.base = base;
    }
  }

  #document(name: string, editsPerTurn: number, keystrokes: () => (text: Y.Text) => void): Document {
    const witnessed = { seen: new Ledger(), acknowledged: new Ledger(), troubles: new Set<string>() };
    const editors = Array.from(
      { length: editorsPerDocument },
      (_, index) => new Editor(`text ${index}`, keystrokes(), { witnessed, random: this.#random }),
    );
    return { name, editors, editsPerTurn, witnessed, base: undefined };
  }

  /**
   * Connects `count` clients to the server. Each has its own protocol, and carries all documents over one connection if
   * the protocol can.
   */
  async #syncServers(server: ServerProcess, count: number): Promise<readonly SyncServer[]> {
    const wsUrl = `ws://127.0.0.1:${await server.port()}`;
    const { protocols } = this.#options;
    return Array.from({ length: Math.ceil(count / protocols.length) }, () => protocols)
      .flat()
      .slice(0, count)
      .map((protocol) => new SyncServer(wsUrl, protocol));
  }

  get #editors(): readonly Editor[] {
    return this.#documents.flatMap(({ editors }) => editors);
  }

  get #sent(): number {
    return this.#editors.reduce((sum, { sent }) => sum + sent, 0);
  }
}

function heardIn(documents: readonly Document[]): number {
  return documents.reduce((sum, { witnessed }) => sum + witnessed.seen.updates, 0);
}

/** The row that the last compaction of each document left, by document, read beside the running server. */
export function storedBases(dataFolder: string): ReadonlyMap<string, number | null> {
  const database = new Database(join(dataFolder, "yurt.db"), { readonly: true });
  try {
    const rows = database.query<{ name: string; base: number | null }, []>("SELECT name, base FROM documents").all();
    return new Map(rows.map(({ name, base }) => [name, base]));
  } finally {
    database.close(true);
  }
}
