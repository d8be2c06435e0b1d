import type { Documents } from "../../documents/documents.ts";
import { DocumentHistory } from "../../documents/history/document-history.ts";
import { HistoryQueue, startHistoryWorker } from "../../documents/history/history-queue.ts";
import { HistoryRetention } from "../../documents/history/history-retention.ts";
import { historyRoutes } from "../../documents/routes/history-routes.ts";
import { versionRoutes } from "../../documents/routes/version-routes.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";

export interface HistoryPartOptions extends Pick<PartDependencies, "clock" | "limits" | "log"> {
  /** How long the history of a document is kept, in milliseconds. It may change. */
  readonly keepMs: (document: string) => number;
  readonly documents: Documents;
  readonly history: HistoryStore;
}

/** The history of documents: its routes, and the rounds that remove what is too old. */
export function openHistory({ documents, history, historyKeepMs, ...shared }: HistoryPartOptions): Part {
  const queue = new HistoryQueue({ ...shared, startWorker: startHistoryWorker });
  const documentHistory = new DocumentHistory({ ...shared, documents, history, queue });
  const retention = new HistoryRetention({ ...shared, history, documents: documentHistory, keepMs: historyKeepMs });
  const options = { ...shared, documents, documentHistory };
  return {
    api: [...versionRoutes(options), ...historyRoutes(options)],
    [Symbol.asyncDispose]: async () => {
      queue.close();
      await retention.close();
    },
  };
}
