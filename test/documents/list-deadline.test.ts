import { expect, test } from "bun:test";
import { cors } from "hono/cors";
import { ApiAccess } from "../../src/api/api-access.ts";
import { createApi } from "../../src/api/create-api.ts";
import { RequestCount } from "../../src/api/request-count.ts";
import { defaultLimits as limits } from "../../src/composition/settings/limits.ts";
import { Documents } from "../../src/documents/documents.ts";
import { copySlots } from "../../src/documents/edits/content-slots.ts";
import { documentRoutes } from "../../src/documents/routes/document-routes.ts";
import { CountedAddresses } from "../../src/lib/address/counted-addresses.ts";
import { LimitedLog } from "../../src/ops/limited-log.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { Deletion } from "../../src/relay/deletion.ts";
import { FakeAuthorizer } from "../support/fakes/fake-authorizer.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { recordedLog } from "../support/fakes/recorded-log.ts";
import { roomParts } from "../support/servers/room-parts.ts";

test("a list in another order, which may take longer than the deadline of requests, has none", async () => {
  const store = openMemoryStore();
  const { changes, clock, rooms } = roomParts({}, store);
  const documents = new Documents({ store, rooms, changes, deletion: new Deletion({ store, rooms }) });
  const api = createApi(documentRoutes({ documents, orderSlots: copySlots(limits) }), {
    access: new ApiAccess({
      authorizer: new FakeAuthorizer(),
      administration: { refuse: async () => undefined },
      keys: { find: () => undefined },
      isAtHome: () => true,
      refused: () => {},
    }),
    addresses: new CountedAddresses(),
    limits,
    clock,
    metrics: createMetrics(),
    cors: cors(),
    limitedLog: new LimitedLog(recordedLog().log, clock),
    version: "1",
    requests: new RequestCount(),
    isStopping: () => false,
  });
  const kept: string[] = [];
  for (const order of ["name", "bytes", "updated"]) {
    const environment = { remoteAddress: "127.0.0.1", keepOpen: () => void kept.push(order) };
    expect((await api.request(`/v1/docs?order=${order}`, {}, environment)).status).toBe(200);
  }
  expect(kept).toEqual(["bytes", "updated"]);
});
