import { expect, test } from "bun:test";
import type { DocumentEvent } from "../../../../src/client/document.ts";
import { YurtError } from "../../../../src/client/errors.ts";
import { changesOf } from "../../../../src/web/admin/documents/page/document-changes.ts";

const event: DocumentEvent = { kind: "update", sequence: 1, update: undefined };

function lost(code: string): YurtError {
  return new YurtError("", { code, status: 410, errors: [], requestId: undefined, retryAfterMs: undefined });
}

test("a reader that has lost events follows the document anew", async () => {
  const abort = new AbortController();
  let opened = 0;
  const document = {
    async *follow() {
      opened += 1;
      yield event;
      if (opened === 1) throw lost("events-lost");
      abort.abort();
    },
  };
  expect(await Array.fromAsync(changesOf(document, abort.signal))).toEqual(["changed", "changed"]);
  expect(opened).toBe(2);
});

test("a deleted document cannot be followed", () => {
  const document = {
    async *follow() {
      yield event;
      throw lost("document-deleted");
    },
  };
  const changes = Array.fromAsync(changesOf(document, new AbortController().signal));
  expect(changes).rejects.toMatchObject({ code: "document-deleted" });
});
