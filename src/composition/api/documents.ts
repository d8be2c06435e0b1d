import { Documents } from "../../documents/documents.ts";
import { documentRoutes } from "../../documents/routes/document-routes.ts";
import { Deletion } from "../../relay/deletion.ts";
import type { Store } from "../../storage/store.ts";
import type { Part } from "../part.ts";
import type { Relay } from "../relay.ts";

export interface DocumentsPartOptions {
  readonly store: Store;
  readonly relay: Pick<Relay, "rooms" | "changes">;
}

/** The part of a server that serves documents over HTTP. */
export function openDocuments({ relay, store }: DocumentsPartOptions): Part {
  const { changes, rooms } = relay;
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  return {
    api: [...documentRoutes({ documents })],
    [Symbol.asyncDispose]: async () => {},
  };
}
