import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { delivered, unavailable, WebhookBench } from "../support/webhooks/webhook-bench.ts";

let bench: WebhookBench;

beforeEach(async () => {
  bench = new WebhookBench();
  await bench.open();
});

afterEach(() => bench.dispose());

const ranges = () =>
  bench.sent.map(({ data: { document, fromSequence, sequence } }) => [document, fromSequence, sequence]);
const types = () => bench.sent.map(({ type, data }) => `${type} ${data.document}`);
/** An answer that is given when the test says so. */
const held = () => Promise.withResolvers<typeof delivered>();

describe("updates", () => {
  test("are reported as one message when there was none for two seconds", async () => {
    await bench.subscribe();
    const rows = [await bench.write("a", "ann"), await bench.write("a", "ben"), await bench.write("a", "ann")];
    await bench.advance(1_500);
    const last = await bench.write("a");
    await bench.advance(1_500);
    expect(bench.sent).toEqual([]);
    await bench.advance(500);
    expect(bench.sent.map(({ data, type }) => ({ type, ...data }))).toEqual([
      {
        type: "doc.updated",
        document: "a",
        fromSequence: (rows[0] ?? 0) - 1,
        sequence: last,
        users: ["ann", "ben"],
        bytes: 12,
      },
    ]);
    await bench.advance(60_000);
    expect(bench.sent).toHaveLength(1);
  });

  test("are reported after ten seconds at the latest, and the next message continues", async () => {
    await bench.subscribe();
    let last = 0;
    for (let second = 0; second < 10; second += 1) {
      last = await bench.write("a");
      await bench.advance(1_000);
    }
    expect(ranges()).toEqual([["a", 0, last]]);
    const next = await bench.write("a");
    await bench.advance(2_000);
    expect(ranges().at(-1)).toEqual(["a", last, next]);
  });

  test("of documents that the endpoint has not chosen are not reported", async () => {
    await bench.subscribe({ documents: ["notes/*", "board"] });
    for (const document of ["notes/a", "notes/a/b", "board", "other"]) await bench.write(document);
    await bench.advance(2_000);
    expect(bench.sent.map(({ data }) => data.document).sort()).toEqual(["board", "notes/a"]);
  });

  test("are not even watched without an endpoint that is told of them", async () => {
    expect([bench.changes.isWatched, bench.events.isWatched]).toEqual([false, false]);
    const { id } = await bench.subscribe({ events: ["doc.deleted"] });
    expect(bench.changes.isWatched).toBe(false);
    await bench.webhooks.change(id, { events: ["doc.updated"] });
    expect(bench.changes.isWatched).toBe(true);
    await bench.webhooks.change(id, { isEnabled: false });
    expect([bench.changes.isWatched, bench.events.isWatched]).toEqual([false, false]);
  });

  test("of one document are reported in order, those of several at the same time", async () => {
    await bench.subscribe();
    const answers = new Map([
      ["a", held()],
      ["b", held()],
    ]);
    bench.answer = ({ data }) => answers.get(data.document)?.promise ?? delivered;
    const first = await bench.write("a");
    const other = await bench.write("b");
    await bench.advance(2_000);
    const second = await bench.write("a");
    await bench.advance(20_000);
    expect(ranges()).toEqual([
      ["a", 0, first],
      ["b", first, other],
    ]);
    answers.get("b")?.resolve(delivered);
    answers.get("a")?.resolve(delivered);
    await bench.settle();
    expect(ranges().slice(2)).toEqual([["a", first, second]]);
  });

  test("are reported to no more documents at once than the limit says, and by one while all attempts fail", async () => {
    bench.limits.changeWebhookRequests = 3;
    await bench.subscribe();
    let answer = held();
    bench.answer = () => answer.promise;
    for (let document = 0; document < 8; document += 1) await bench.write(`d${document}`);
    await bench.advance(3_000);
    expect(bench.inFlight).toBe(3);
    bench.answer = () => unavailable;
    answer.resolve(delivered);
    await bench.settle();
    expect(bench.sent).toHaveLength(8);
    answer = held();
    bench.answer = () => answer.promise;
    await bench.advance(5_000);
    expect(bench.inFlight).toBe(1);
    answer.resolve(delivered);
    await bench.settle();
    expect(bench.sent).toHaveLength(13);
  });
});

describe("a message that is not delivered", () => {
  test("is sent again byte for byte by the schedule, while later updates wait behind it", async () => {
    await bench.subscribe();
    bench.answer = () => unavailable;
    const first = await bench.write("a");
    await bench.advance(2_000);
    const second = await bench.write("a");
    await bench.advance(4_500);
    expect(bench.sent).toHaveLength(1);
    await bench.advance(500);
    expect(bench.sent).toHaveLength(2);
    bench.answer = () => delivered;
    await bench.advance(30_000);
    expect(ranges()).toEqual([...Array(3).fill(["a", first - 1, first]), ["a", first, second]]);
    const [one, two, three] = bench.sent;
    expect([two?.body, two?.id, three?.id]).toEqual([one?.body, one?.id, one?.id]);
  });

  test("waits as long as the receiver asks", async () => {
    await bench.subscribe();
    bench.answer = () => ({ kind: "failed", reason: "status", status: 429, retryAfterMs: 20_000 });
    await bench.write("a");
    await bench.advance(21_500);
    expect(bench.sent).toHaveLength(1);
    await bench.advance(1_000);
    expect(bench.sent).toHaveLength(2);
  });

  test("is given up at the end of the schedule; later updates follow, and it can be sent again", async () => {
    const { id } = await bench.subscribe();
    bench.answer = () => unavailable;
    const first = await bench.write("a");
    await bench.advance(2_000 + 5_000 + 30_000);
    expect(bench.sent).toHaveLength(3);
    expect(bench.recorded.events).toContainEqual(expect.objectContaining({ event: "change-webhook-gave-up" }));
    bench.answer = () => delivered;
    const second = await bench.write("a");
    await bench.advance(2_000);
    expect(ranges().at(-1)).toEqual(["a", first, second]);
    const [gaveUp] = (await bench.webhooks.deliveries(id)) ?? [];
    expect(gaveUp).toMatchObject({ state: "gave-up", message: { attempts: 3 } });
    const body = bench.sent[0]?.body;
    expect(await bench.webhooks.redeliver(id, gaveUp?.message.id ?? "")).toBe(true);
    await bench.settle();
    expect(bench.sent.at(-1)?.body).toBe(body ?? "");
    // The cursor has not moved back.
    const third = await bench.write("a");
    await bench.advance(2_000);
    expect(ranges().at(-1)).toEqual(["a", second, third]);
  });

  test("disables the endpoint when the answer is 410, and is sent when it is enabled again", async () => {
    const { id } = await bench.subscribe();
    bench.answer = () => ({ kind: "gone", status: 410 });
    const row = await bench.write("a");
    await bench.advance(2_000);
    expect(bench.webhooks.find(id)?.disabled?.reason).toBe("gone");
    const later = await bench.write("a");
    await bench.advance(100_000);
    expect(bench.sent).toHaveLength(1);
    bench.answer = () => delivered;
    await bench.webhooks.change(id, { isEnabled: true });
    await bench.settle();
    expect(ranges().slice(1)).toEqual([
      ["a", row - 1, row],
      ["a", row, later],
    ]);
  });

  test("disables the endpoint after three days of failures, and of nothing else", async () => {
    const { id } = await bench.subscribe();
    bench.answer = () => unavailable;
    await bench.write("a");
    await bench.advance(2_000);
    expect(bench.webhooks.find(id)?.failingSince).toBe(bench.clock.now());
    await bench.restart();
    bench.clock.advance(3 * 86_400_000 - 60_000);
    await bench.write("b");
    await bench.advance(2_000);
    expect(bench.webhooks.find(id)?.disabled).toBeUndefined();
    await bench.advance(60_000);
    await bench.write("c");
    await bench.advance(2_000);
    expect(bench.webhooks.find(id)?.disabled?.reason).toBe("failing");
    expect(bench.recorded.events).toContainEqual(expect.objectContaining({ event: "change-webhook-disabled" }));
  });

  test("leaves no trace when an attempt succeeds", async () => {
    const { id } = await bench.subscribe();
    bench.answer = () => unavailable;
    await bench.write("a");
    await bench.advance(2_000);
    bench.answer = () => delivered;
    await bench.advance(5_000);
    expect(bench.webhooks.find(id)?.failingSince).toBeUndefined();
  });
});

describe("after a restart", () => {
  test("the message that was begun is sent again as it was, and then what has come since", async () => {
    await bench.subscribe();
    bench.answer = () => held().promise;
    const first = await bench.write("a", "ann");
    await bench.advance(2_000);
    const second = await bench.write("a", "ben");
    const [begun] = bench.sent;
    await bench.close();
    bench.answer = () => delivered;
    await bench.open();
    await bench.settle();
    expect(bench.sent[1]).toEqual(begun ?? expect.anything());
    expect(ranges().at(-1)).toEqual(["a", first, second]);
    expect(bench.sent.at(-1)?.data.users).toEqual(["ben"]);
    expect(bench.sent).toHaveLength(3);
  });

  test("every document with unreported updates is found, also if there are more than are kept in memory", async () => {
    bench.limits.changeWebhookDocuments = 4;
    await bench.subscribe();
    for (let document = 0; document < 20; document += 1) await bench.write(`d${document}`);
    await bench.restart();
    await bench.advance(10_000);
    expect(new Set(bench.sent.map(({ data }) => data.document)).size).toBe(20);
    expect(bench.sent).toHaveLength(20);
  });

  test("documents beyond those in memory are found while the server runs as well", async () => {
    bench.limits.changeWebhookDocuments = 4;
    await bench.subscribe();
    for (let document = 0; document < 20; document += 1) await bench.write(`d${document}`);
    await bench.advance(10_000);
    expect(new Set(bench.sent.map(({ data }) => data.document)).size).toBe(20);
  });
});

test("documents are looked up when a webhook's documents change, and not because an attempt has failed", async () => {
  const { id } = await bench.subscribe({ documents: ["a"] });
  const { webhooks } = bench.store;
  const look = webhooks.documentsWithChanges.bind(webhooks);
  let scans = 0;
  webhooks.documentsWithChanges = (...page) => {
    scans += 1;
    return look(...page);
  };
  const row = await bench.write("b");
  bench.answer = () => unavailable;
  await bench.write("a");
  await bench.advance(2_000);
  bench.answer = () => delivered;
  await bench.advance(5_000);
  expect(types()).toEqual(["doc.updated a", "doc.updated a"]);
  expect(scans).toBe(0);
  await bench.webhooks.change(id, { documents: ["**"] });
  await bench.settle();
  expect(scans).toBe(1);
  expect(ranges().at(-1)).toEqual(["b", 0, row]);
});

describe("events besides updates", () => {
  const lifecycle = ["doc.created", "doc.updated", "doc.deleted", "doc.undeleted", "doc.purged"] as const;

  test("come in their order among the updates", async () => {
    await bench.subscribe({ events: lifecycle });
    const first = await bench.write("a");
    await bench.settle();
    expect(types()).toEqual(["doc.created a"]);
    await bench.store.delete("a");
    await bench.settle();
    // The deletion does not wait, and the updates before it go first.
    expect(types().slice(1)).toEqual(["doc.updated a", "doc.deleted a"]);
    await bench.store.undelete("a");
    const second = await bench.write("a");
    await bench.advance(2_000);
    await bench.store.purge("a");
    await bench.settle();
    expect(types().slice(3)).toEqual(["doc.undeleted a", "doc.updated a", "doc.purged a"]);
    expect(ranges().filter(([, from]) => from !== undefined)).toEqual([
      ["a", first - 1, first],
      ["a", first, second],
    ]);
    const again = await bench.write("a");
    await bench.advance(2_000);
    expect(types().slice(6)).toEqual(["doc.created a", "doc.updated a"]);
    expect(ranges().at(-1)).toEqual(["a", again - 1, again]);
  });

  test("survive a restart before they are delivered", async () => {
    await bench.subscribe({ events: ["doc.created", "doc.deleted"] });
    bench.answer = () => held().promise;
    await bench.write("a");
    await bench.store.delete("a");
    await bench.close();
    bench.answer = () => delivered;
    await bench.open();
    await bench.settle();
    expect(types()).toEqual(["doc.created a", "doc.created a", "doc.deleted a"]);
  });

  test("of rooms are told as they happen, failures once a minute", async () => {
    await bench.subscribe({ events: ["room.opened", "user.joined", "quota.exceeded"] });
    bench.events.happened({ type: "room.opened", document: "a" });
    bench.events.happened({ type: "user.joined", document: "a", user: "ann" });
    bench.events.happened({ type: "user.left", document: "a", user: "ann" });
    const full = { type: "quota.exceeded", document: "a" } as const;
    bench.events.happened(full);
    bench.events.happened(full);
    await bench.settle();
    expect(types()).toEqual(["room.opened a", "user.joined a", "quota.exceeded a"]);
    expect(bench.sent[1]?.data.user).toBe("ann");
    await bench.advance(60_000);
    bench.events.happened(full);
    await bench.settle();
    expect(bench.sent).toHaveLength(4);
  });
});

describe("an endpoint", () => {
  test("that is removed is sent nothing more", async () => {
    const { id } = await bench.subscribe();
    await bench.write("a");
    expect(await bench.webhooks.remove(id)).toBe(true);
    expect(await bench.webhooks.remove(id)).toBe(false);
    await bench.advance(20_000);
    expect(bench.sent).toEqual([]);
  });

  test("beyond the limit is not added", async () => {
    bench.limits.changeWebhooks = 1;
    await bench.subscribe();
    expect(bench.subscribe()).rejects.toThrow("too many");
  });

  test("has two secrets while one replaces the other", async () => {
    const { id, secrets } = await bench.subscribe();
    const [former] = secrets;
    const rotated = await bench.webhooks.rotate(id, 60_000);
    expect(rotated?.secrets).toEqual([
      { secret: expect.stringMatching(/^whsec_/), expiresAt: undefined },
      { secret: former?.secret ?? "", expiresAt: bench.clock.now() + 60_000 },
    ]);
    expect(rotated?.secrets[0]?.secret).not.toBe(former?.secret);
  });

  test("is tested with a ping that waits for nothing", async () => {
    const { id } = await bench.subscribe();
    expect(await bench.webhooks.test(id)).toMatchObject({ outcome: delivered });
    expect(bench.sent).toMatchObject([{ type: "ping", data: { webhook: id } }]);
    expect(await bench.webhooks.test("wh_unknown")).toBeUndefined();
  });

  test("is tried again when the store has failed", async () => {
    await bench.subscribe();
    await bench.write("a");
    const { begin } = bench.store.webhooks;
    bench.store.webhooks.begin = () => Promise.reject(new Error("full"));
    await bench.advance(2_000);
    expect(bench.sent).toEqual([]);
    bench.store.webhooks.begin = begin;
    await bench.advance(5_000);
    expect(types()).toEqual(["doc.updated a"]);
  });
});
