import { fileURLToPath } from "node:url";
import { TestClients } from "../../test/support/clients/providers.ts";
import { ScriptSocket } from "../../test/support/clients/script-socket.ts";
import { eventually, pause } from "../../test/support/eventually.ts";
import { within } from "../within.ts";
import { Faults, type Outcome, type TortureOptions } from "./outcome.ts";
import { ServerProcess } from "./server-process.ts";

export interface FreezeOptions extends Omit<TortureOptions, "protocol"> {
  /** Clients of each protocol. */
  readonly clients: number;
  readonly frozenMs: number;
  /** The limits of the server. */
  readonly idlePingMs: number;
  readonly pingAnswerMs: number;
}

const group = fileURLToPath(new URL("client/frozen-group.ts", import.meta.url));
const document = "frozen";
const limitMs = 60_000;
/** The time in which every client has to be back after it was resumed. */
const backMs = 10_000;
/** The time for what is not the limits': a busy machine, and the messages to the others. */
const slackMs = 2_000;
const typingMs = 100;

/** Many clients are stopped while others type, as laptops are, and resumed when the server has ended their sessions. */
export async function tortureByFreezing(options: FreezeOptions): Promise<Outcome> {
  const { clients, frozenMs, idlePingMs, pingAnswerMs, dataFolder, progress } = options;
  const faults = new Faults();
  const args = [`--limits-idle-ping-ms=${idlePingMs}`, `--limits-ping-answer-ms=${pingAnswerMs}`];
  await using server = new ServerProcess({ dataFolder, args });
  const wsUrl = `ws://127.0.0.1:${await within(limitMs, "the server listens", server.port())}`;
  await using frozen = startGroup(wsUrl, clients);
  await using observers = new TestClients();
  const observer = observers.connect(wsUrl, document);
  const seen = observer.doc.getMap<number>("seen");
  const present = () => observer.provider.awareness.getStates().size - 1;
  const room = await Room.enter(wsUrl);
  const dialer = await Dialer.connect(wsUrl, clients);
  const typing = setInterval(() => observer.text.insert(0, "x"), typingMs);
  try {
    const allSee = (length: number) => seen.size === clients && [...seen.values()].every((value) => value >= length);
    await eventually("all clients are in", () => present() === clients && room.peers === clients, limitMs);
    await eventually("all clients read", () => allSee(observer.text.length - 2_000 / typingMs), limitMs);
    faults.unless((await dialer.answers(backMs)) === clients, "not all PeerJS clients answered at first");
    progress?.(`${clients} clients of each protocol are stopped for ${frozenMs / 1_000} s`);
    const stoppedAt = performance.now();
    frozen.kill("SIGSTOP");
    const goneMs = idlePingMs + pingAnswerMs + slackMs;
    await eventually("all presences have ended and all peers left", () => present() + room.peers === 0, goneMs);
    const goneAfterMs = performance.now() - stoppedAt;
    await pause(Math.max(0, frozenMs - (performance.now() - stoppedAt)));
    faults.unless(present() === 0, `${present()} presences of stopped clients are shown again`);
    const { length } = observer.text;
    const resumedAt = performance.now();
    frozen.kill("SIGCONT");
    await eventually("all presences are back", () => present() === clients && room.peers === clients, backMs);
    await eventually("all clients have the edits", () => allSee(length), backMs);
    const backAfterMs = performance.now() - resumedAt;
    faults.unless(backAfterMs <= backMs, `the last client was back after ${Math.round(backAfterMs)} ms`);
    const answers = await dialer.answers(backMs);
    faults.unless(answers === clients, `${answers} of ${clients} PeerJS clients answer`);
    // Faults may show later: when an old socket ends, or a presence is not renewed.
    await pause(slackMs);
    faults.unless(present() === clients, `${present()} presences instead of ${clients}`);
    faults.unless(room.peers === clients, `${room.peers} peers instead of ${clients}`);
    for (const fault of [...room.faults, ...frozen.lines()]) faults.add(fault);
    for (const trouble of server.troubles) faults.add(trouble);
    return {
      figures: {
        "clients of each protocol": clients,
        "s stopped": Math.round(frozenMs / 1_000),
        "ms until none is left": Math.round(goneAfterMs),
        "ms until all are back": Math.round(backAfterMs),
      },
      faults: faults.all,
    };
  } finally {
    clearInterval(typing);
    await Promise.all([room.leave(), dialer.close()]);
  }
}

interface Group extends AsyncDisposable {
  kill(signal: NodeJS.Signals): void;
  /** The lines that it has printed. */
  lines(): readonly string[];
}

function startGroup(wsUrl: string, clients: number): Group {
  const child = Bun.spawn([process.execPath, group, wsUrl, document, String(clients)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) text += decoder.decode(chunk, { stream: true });
  })();
  return {
    kill: (signal) => child.kill(signal),
    lines: () => [...new Set(text.split("\n").filter((line) => line !== ""))],
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}

/** The Cliffy room of the clients, as one more peer sees it. */
class Room {
  readonly #socket: ScriptSocket;
  readonly #peers = new Set<unknown>();
  readonly #faults: string[] = [];

  private constructor(socket: ScriptSocket) {
    this.#socket = socket;
  }

  static async enter(wsUrl: string): Promise<Room> {
    const socket = await ScriptSocket.connect(`${wsUrl}/signal`);
    socket.say({ type: "join", roomId: "frozen", peerId: "observer" });
    return new Room(socket);
  }

  /** The peers that have joined and not left. */
  get peers(): number {
    for (const message of this.#socket.take()) this.#note(message);
    return this.#peers.size;
  }

  get faults(): readonly string[] {
    return this.#faults;
  }

  leave(): Promise<void> {
    return this.#socket.close();
  }

  #note({ type, peerId, peers }: Readonly<Record<string, unknown>>): void {
    if (type === "peers" && Array.isArray(peers)) for (const { id } of peers) this.#join(id);
    else if (type === "peer-joined") this.#join(peerId);
    else if (type === "peer-left" && !this.#peers.delete(peerId)) this.#faults.push(`${peerId} left twice`);
  }

  #join(id: unknown): void {
    if (this.#peers.has(id)) this.#faults.push(`${id} is in the room twice`);
    this.#peers.add(id);
  }
}

/** A PeerJS client that calls all the others. */
class Dialer {
  readonly #socket: ScriptSocket;
  readonly #clients: number;

  private constructor(socket: ScriptSocket, clients: number) {
    this.#socket = socket;
    this.#clients = clients;
  }

  static async connect(wsUrl: string, clients: number): Promise<Dialer> {
    const socket = await ScriptSocket.connect(`${wsUrl}/peerjs/peerjs?key=peerjs&id=dialer&token=dialer`);
    await socket.next();
    return new Dialer(socket, clients);
  }

  /** The number of clients that answer, each exactly once. */
  async answers(limitMs: number): Promise<number> {
    this.#socket.take();
    for (let index = 0; index < this.#clients; index += 1) {
      this.#socket.say({ type: "OFFER", payload: "call", dst: `frozen-${index}` });
    }
    await eventually("as many answers as calls", () => this.#socket.unread.length >= this.#clients, limitMs).catch(
      () => {},
    );
    const answers = this.#socket.take().filter(({ type }) => type === "ANSWER");
    return answers.length === new Set(answers.map(({ src }) => src)).size ? answers.length : Number.NaN;
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}
