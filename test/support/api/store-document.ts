import type * as Y from "yjs";
import { synced, TestClients } from "../clients/providers.ts";
import { eventually } from "../eventually.ts";
import type { TestServer } from "../servers/start-test-server.ts";

/** Appends to the text "text" of a document, through a client that has the document then, and leaves. */
export async function storeDocument({ wsUrl }: TestServer, name: string, text: string): Promise<{ doc: Y.Doc }> {
  await using clients = new TestClients();
  const [writer, reader] = await clients.connectAll(2, wsUrl, name);
  writer.text.insert(writer.text.length, text);
  await eventually("stored", () => reader.text.toString() === writer.text.toString());
  await synced(reader);
  return { doc: writer.doc };
}
