import type { Documents } from "../../documents/documents.ts";
import { DocumentHistory, type Restoring } from "../../documents/history/document-history.ts";
import { HistoryQueue, startHistoryWorker } from "../../documents/history/history-queue.ts";
import { HistoryRetention } from "../../documents/history/history-retention.ts";
import { historyRoutes } from "../../documents/routes/history-routes.ts";
import { versionRoutes } from "../../documents/routes/version-routes.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { WebhookStore } from "../../storage/webhook-store.ts";
import type { Part } from "../part.ts";
import type { PartDependencies } from "../server-options.ts";

export interface HistoryPartOptions extends Pick<PartDependencies, "clock" | "limits" | "log"> {
  /** How long the history of a document is kept, in milliseconds. It may change. */
  readonly keepMs: (document: string) => number;
  readonly documents: Documents;
  /** As `HistoryRetentionOptions.isLeading`. */
  readonly isLeading: () => boolean;
  readonly history: HistoryStore;
  readonly webhooks: Pick<WebhookStore, "record">;
}

export interface HistoryPart extends Part {
  readonly documentHistory: DocumentHistory;
}

/** The history of documents: its routes, and the rounds that remove what is too old. */
export function openHistory(options: HistoryPartOptions): HistoryPart {
  const { documents, history, isLeading, keepMs, webhooks, ...shared } = options;
  const queue = new HistoryQueue({ ...shared, startWorker: startHistoryWorker });
  const restored = async ({ document, ...data }: Restoring) => {
    try {
      await webhooks.record({ type: "doc.restored", document, data });
    } catch (error) {
      shared.log.error({ event: "change-webhook-store-failed", err: error });
    }
  };
  const documentHistory = new DocumentHistory({ ...shared, documents, history, queue, restored });
  const retention = new HistoryRetention({ ...shared, history, documents: documentHistory, isLeading, keepMs });
  const routes = { ...shared, documents, documentHistory };
  return {
    documentHistory,
    api: [...versionRoutes(routes), ...historyRoutes(routes)],
    [Symbol.asyncDispose]: async () => {
      queue.close();
      await retention.close();
    },
  };
}
