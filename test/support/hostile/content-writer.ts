import * as Y from "yjs";
import { RawClient } from "../clients/raw-client.ts";

/** A y-websocket client that writes any content to a room. */
export class ContentWriter {
  readonly doc = new Y.Doc();
  readonly #client: RawClient;

  private constructor(client: RawClient) {
    this.#client = client;
    this.doc.on("update", (update: Uint8Array) => client.send({ type: "update", update }));
  }

  static async enter(wsUrl: string, room: string): Promise<ContentWriter> {
    const client = await RawClient.connect(`${wsUrl}/sync/${room}`);
    // As every client does. A first frame of megabytes is refused while the server is short of memory.
    await client.sync();
    return new ContentWriter(client);
  }

  /** Writes in one transaction. */
  write(write: (doc: Y.Doc) => void): void {
    this.doc.transact(() => write(this.doc));
  }

  /** Reads the document of the room. */
  async sync(): Promise<void> {
    Y.applyUpdate(this.doc, await this.#client.sync());
  }
}
