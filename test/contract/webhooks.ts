import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../../src/lib/time/clock.ts";
import type { Store } from "../../src/storage/store.ts";
import type { StoredMessage, WebhookStore } from "../../src/storage/webhook-store.ts";
import { endpointOf } from "../support/webhooks/endpoint.ts";
import type { StoreMedium } from "./store-medium.ts";

/** A store with the webhooks that it tells of its changes. */
export interface TellingStore extends Store {
  readonly webhooks: WebhookStore;
}

const update = Uint8Array.of(1);

/** The contract of every store of webhooks. `create` makes a medium without documents. */
export function describeWebhooks(
  name: string,
  create: () => StoreMedium<TellingStore> | Promise<StoreMedium<TellingStore>>,
): void {
  describe(name, () => {
    let medium: StoreMedium<TellingStore>;
    let store: TellingStore;

    beforeEach(async () => {
      medium = await create();
      store = await medium.open(systemClock);
    });

    afterEach(async () => {
      await store.close();
      await medium.remove();
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await medium.open(systemClock);
    }

    const append = async (document: string, user?: string) =>
      (await store.append([{ document, update, user }]))[0] ?? Number.NaN;
    const types = async (endpoint = "one") => (await store.webhooks.messages(endpoint, 100)).map(({ type }) => type);
    const firstPage = { after: "", limit: 100 };

    describe("messages about documents", () => {
      test("are recorded with the changes that they tell of, in order, for the endpoints that subscribe", async () => {
        await store.webhooks.save(endpointOf("one", { documents: ["notes/*"] }));
        await store.webhooks.save(endpointOf("two", { events: ["doc.purged"] }));
        await append("notes/a");
        await append("notes/a");
        await append("other");
        await store.delete("notes/a");
        await store.delete("notes/a");
        await store.undelete("notes/a");
        await store.undelete("notes/a");
        await store.purge("notes/a");
        await store.purge("notes/a");
        expect(await types()).toEqual(["doc.created", "doc.deleted", "doc.undeleted", "doc.purged"]);
        expect(await types("two")).toEqual(["doc.purged"]);
        const [created, deleted] = await store.webhooks.messages("one", 2);
        expect(JSON.parse(created?.body ?? "")).toEqual({
          type: "doc.created",
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          data: { document: "notes/a" },
        });
        // The first has come before all updates, the second after both of this document.
        expect([created?.sequence, deleted?.sequence]).toEqual([0, 3]);
      });

      test("are recorded with a version that is made", async () => {
        await store.webhooks.save(endpointOf("one", { events: ["version.created"] }));
        const sequence = await append("a");
        const version = { sequence, at: 1, name: "draft", users: [], createdBy: "key:ci" };
        await store.history?.addVersion("a", version);
        await store.history?.addVersion("unknown", version);
        const [created, ...others] = await store.webhooks.messages("one", 9);
        expect(JSON.parse(created?.body ?? "").data).toEqual({
          document: "a",
          sequence,
          name: "draft",
          user: "key:ci",
        });
        expect(others).toEqual([]);
      });

      test("survive a start, and nothing is recorded for a disabled endpoint", async () => {
        await store.webhooks.save(endpointOf("one"));
        await append("a");
        await reopen();
        const disabled = { reason: "request", at: 1 } as const;
        await store.webhooks.save(endpointOf("one", { disabled }));
        await append("b");
        expect(await store.webhooks.endpoints()).toEqual([endpointOf("one", { disabled })]);
        expect((await store.webhooks.messages("one", 9)).map(({ document }) => document)).toEqual(["a"]);
      });
    });

    test("are reported to whoever delivers them, by the documents that they are about", async () => {
      const told: string[] = [];
      store.webhooks.whenRecorded((document) => told.push(document));
      await store.webhooks.save(endpointOf("one"));
      await append("a");
      await store.delete("a");
      await store.webhooks.record({ type: "room.opened", document: "b" });
      const turn = Promise.withResolvers<void>();
      systemClock.afterTurn(turn.resolve);
      await turn.promise;
      expect(told).toEqual(["a", "a", "b"]);
      expect(await types()).toEqual(["doc.created", "doc.deleted", "room.opened"]);
    });

    describe("a cursor", () => {
      const report = async (document: string, sequence: number, cursor: number): Promise<StoredMessage> => {
        const facts = {
          id: `msg_${sequence}`,
          type: "doc.updated",
          body: "{}",
          attempts: 0,
          failedAt: undefined,
        } as const;
        const message = { ...facts, document, sequence, dueAt: 1 };
        await store.webhooks.begin("one", message, cursor);
        return message;
      };

      test("moves when a message is delivered, and shows which documents have later updates", async () => {
        await append("old");
        await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
        expect(await store.webhooks.documentsWithChanges("one", firstPage)).toEqual({ documents: [], next: undefined });
        const [first, second] = [await append("a"), await append("b", "ann")];
        expect((await store.webhooks.documentsWithChanges("one", firstPage)).documents).toEqual(["a", "b"]);
        const message = await report("a", first, 0);
        expect(await store.webhooks.lane("one", "a")).toEqual({ next: message, cursor: 0 });
        await store.webhooks.delivered("one", message);
        expect(await store.webhooks.lane("one", "a")).toEqual({ next: undefined, cursor: first });
        await reopen();
        expect((await store.webhooks.documentsWithChanges("one", firstPage)).documents).toEqual(["b"]);
        expect(await store.webhooks.changes("b", 0)).toEqual({ sequence: second, users: ["ann"], bytes: 1 });
        expect(await store.webhooks.changes("b", second)).toBeUndefined();
      });

      test("looks at a bounded number of documents at a time", async () => {
        await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
        for (const name of ["a", "b", "c"]) await append(name);
        const page = await store.webhooks.documentsWithChanges("one", { after: "", limit: 2 });
        expect(page).toEqual({ documents: ["a", "b"], next: "b" });
        expect(await store.webhooks.documentsWithChanges("one", { after: "b", limit: 2 })).toEqual({
          documents: ["c"],
          next: undefined,
        });
      });

      test("of a purged document is gone, and is not made again by a message that was on its way", async () => {
        await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
        const message = await report("secret name", await append("secret name"), 0);
        await store.purge("secret name");
        await store.webhooks.delivered("one", message);
        expect(await store.webhooks.lane("one", "secret name")).toEqual({ next: undefined, cursor: 0 });
      });

      test("moves as well when updates are given up, and the message can be read until it is pruned", async () => {
        await store.webhooks.save(endpointOf("one", { events: ["doc.updated"] }));
        const row = await append("a");
        const message = await report("a", row, 0);
        const failed = { ...message, attempts: 9, dueAt: undefined, failedAt: 50 };
        await store.webhooks.failed("one", failed);
        expect(await store.webhooks.lane("one", "a")).toEqual({ next: undefined, cursor: row });
        expect(await store.webhooks.message("one", message.id)).toEqual(failed);
        await store.webhooks.prune(50);
        expect(await store.webhooks.message("one", message.id)).toEqual(failed);
        await store.webhooks.prune(51);
        expect(await store.webhooks.message("one", message.id)).toBeUndefined();
      });
    });

    test("an endpoint that is removed is told of nothing any more, also not after it is added again", async () => {
      await store.webhooks.save(endpointOf("one"));
      const row = await append("a");
      await store.webhooks.remove("one");
      expect([await store.webhooks.endpoints(), await types()]).toEqual([[], []]);
      await store.webhooks.save(endpointOf("one"));
      expect(await types()).toEqual([]);
      expect(await store.webhooks.lane("one", "a")).toEqual({ next: undefined, cursor: row });
    });
  });
}
