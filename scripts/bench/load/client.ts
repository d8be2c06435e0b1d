import { within } from "../../within.ts";
import type { RunningServer } from "../servers/server.ts";
import type { MessageKind } from "./dialect.ts";
import { encodeFrame, FrameSequence } from "./frames.ts";
import { LoadSocket } from "./load-socket.ts";

export interface ClientOptions {
  /** Called for every message, in order. */
  readonly message?: (kind: MessageKind, bytes: Uint8Array, start: number, length: number) => void;
  /** Called after all messages of one read. */
  readonly readEnded?: () => void;
  readonly pong?: () => void;
  readonly keptBytes?: number;
}

const syncLimitMs = 60_000;

/** A member of a document: it receives the existing content when it joins, and every new update afterwards. */
export class Client {
  readonly socket: LoadSocket;
  /** The size of the first sync's messages in bytes: the answer, and the updates before it. */
  readonly syncedBytes: number;

  private constructor(socket: LoadSocket, syncedBytes: number) {
    this.socket = socket;
    this.syncedBytes = syncedBytes;
  }

  /** Resolves once the document has arrived. */
  static async join(server: RunningServer, document: string, options: ClientOptions = {}): Promise<Client> {
    const { dialect } = server;
    const synced = Promise.withResolvers<number>();
    const { message, ...rest } = options;
    let bytesBefore = 0;
    const socket = await LoadSocket.connect({
      ...rest,
      port: server.port,
      lost: (reason) => synced.reject(new Error(reason)),
      path: dialect.path(document),
      message: (bytes, start, length) => {
        const kind = dialect.kindOf(bytes, start, length);
        if (kind === "synced") synced.resolve(bytesBefore + length);
        else if (kind === "update") bytesBefore += length;
        message?.(kind, bytes, start, length);
      },
    });
    const hello = new FrameSequence(dialect.hello(document), dialect.opcode);
    if (hello.count > 0) socket.write(hello.slice(0, hello.count));
    if (!dialect.syncs) synced.resolve(0);
    return new Client(socket, await within(syncLimitMs, `first sync of ${document}`, synced.promise));
  }

  close(): void {
    this.socket.close();
  }
}

/** Writes a document in one update, as a client does that worked offline. Resolves once the server has taken it. */
export async function seedDocument(server: RunningServer, document: string, update: Uint8Array): Promise<void> {
  const { dialect } = server;
  const taken = Promise.withResolvers<void>();
  const client = await Client.join(server, document, {
    message: (kind) => {
      if (kind === dialect.acknowledgement) taken.resolve();
    },
  });
  client.socket.write(encodeFrame(dialect.update(document, update)));
  await within(syncLimitMs, `writing ${document}`, taken.promise);
  client.close();
}

/** Runs the tasks, at most `limit` of them at the same time. */
export async function inTurn<T>(items: readonly T[], limit: number, task: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await task(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
}
