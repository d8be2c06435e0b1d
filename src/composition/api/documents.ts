import { Documents } from "../../documents/documents.ts";
import { EventStreams } from "../../documents/events/event-streams.ts";
import { documentRoutes } from "../../documents/routes/document-routes.ts";
import { eventRoutes } from "../../documents/routes/event-routes.ts";
import { presenceRoutes } from "../../documents/routes/presence-routes.ts";
import { updateRoutes } from "../../documents/routes/update-routes.ts";
import { DocumentStates } from "../../documents/states/document-states.ts";
import { mergeInto } from "../../documents/states/merge-updates.ts";
import type { UpdateMerger } from "../../documents/states/update-merger.ts";
import { Deletion } from "../../relay/deletion.ts";
import type { Store } from "../../storage/store.ts";
import type { Part } from "../part.ts";
import type { Relay } from "../relay.ts";
import type { PartDependencies } from "../server-options.ts";

export interface DocumentsPartOptions extends Pick<PartDependencies, "addresses" | "clock" | "limits"> {
  readonly store: Store;
  readonly relay: Pick<Relay, "rooms" | "changes">;
}

/** The part of a server that serves documents over HTTP. */
export function openDocuments({ relay, store, ...shared }: DocumentsPartOptions): Part {
  const { changes, rooms } = relay;
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  const merger: UpdateMerger = { merge: async (order) => mergeInto(order) };
  const states = new DocumentStates({ ...shared, documents, merger });
  const streams = new EventStreams(shared);
  const stopForgetting = documents.watch(({ document }) => states.forget(document));
  const options = { ...shared, documents, merger, states, streams };
  return {
    api: [...documentRoutes(options), ...updateRoutes(options), ...presenceRoutes(options), ...eventRoutes(options)],
    drain: async () => streams.close(),
    [Symbol.asyncDispose]: async () => stopForgetting(),
  };
}
