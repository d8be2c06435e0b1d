import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { RecentDeliveries } from "../../src/webhooks/recent-deliveries.ts";
import { delivered, unavailable, WebhookBench } from "../support/webhooks/webhook-bench.ts";

let bench: WebhookBench;

beforeEach(async () => {
  bench = new WebhookBench();
  await bench.open();
});

afterEach(() => bench.dispose());

const encoded = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const contents = () =>
  bench.sent.map(({ data: { content, contentOmitted, contentSequence } }) => [
    content,
    contentSequence ?? contentOmitted,
  ]);

describe("an update is reported with the content", () => {
  test("in the form of the endpoint, and without it where none is asked for", async () => {
    const asked: string[] = [];
    bench.readContent = async (document, form) => {
      asked.push(`${document} ${form}`);
      return { sequence: 7, body: encoded({ text: form }) };
    };
    await bench.subscribe({ include: "json" });
    await bench.subscribe({ include: "text" });
    await bench.subscribe();
    await bench.write("a");
    await bench.advance(2_000);
    expect(asked.sort()).toEqual(["a json", "a text"]);
    expect(contents()).toEqual(
      expect.arrayContaining([
        [{ text: "json" }, 7],
        [{ text: "text" }, 7],
        [undefined, undefined],
      ]),
    );
    expect(bench.sent).toHaveLength(3);
  });

  test("up to 256 KiB", async () => {
    await bench.subscribe({ include: "text" });
    const most = 256 * 1_024 - encoded({ t: "" }).byteLength;
    for (const length of [most, most + 1]) {
      bench.readContent = async () => ({ sequence: 1, body: encoded({ t: "x".repeat(length) }) });
      await bench.write("a");
      await bench.advance(2_000);
    }
    expect(contents()).toEqual([
      [{ t: "x".repeat(most) }, 1],
      [null, "too-large"],
    ]);
  });

  test("if it can be read", async () => {
    await bench.subscribe({ include: "json" });
    await bench.write("a");
    await bench.advance(2_000);
    bench.readContent = () => Promise.reject(new Error("overloaded"));
    const row = await bench.write("a");
    await bench.advance(2_000);
    expect(contents()).toEqual([
      [null, "unavailable"],
      [null, "unavailable"],
    ]);
    expect(bench.sent.at(-1)?.data.sequence).toBe(row);
  });

  test("that the first attempt had, also in later ones", async () => {
    await bench.subscribe({ include: "json" });
    let sequence = 0;
    bench.readContent = async () => {
      sequence += 1;
      return { sequence, body: encoded({ text: sequence }) };
    };
    bench.answer = () => unavailable;
    await bench.write("a");
    await bench.advance(2_000);
    bench.answer = () => delivered;
    await bench.advance(5_000);
    expect(bench.sent.map(({ body }) => body)).toEqual([bench.sent[0]?.body ?? "", bench.sent[0]?.body ?? ""]);
    expect(sequence).toBe(1);
  });

  test("unless the endpoint fails: then the messages of all documents wait", async () => {
    await bench.subscribe({ include: "json" });
    bench.readContent = async () => ({ sequence: 1, body: encoded({ text: "text" }) });
    bench.answer = () => unavailable;
    bench.limits.changeWebhookRequests = 1;
    for (const document of "abcdefgh") await bench.write(document);
    await bench.advance(3_000);
    expect(contents().slice(0, 8)).toEqual([
      ...Array(5).fill([{ text: "text" }, 1]),
      ...Array(3).fill([null, "failing"]),
    ]);
  });
});

test("a purge removes the messages with content of the document, and no others", async () => {
  const { id } = await bench.subscribe({ include: "json", events: ["doc.updated", "doc.purged"] });
  bench.readContent = async () => ({ sequence: 1, body: encoded({ text: "needle" }) });
  bench.answer = () => unavailable;
  for (const document of ["a", '"content":b']) await bench.write(document);
  await bench.advance(2_000);
  await bench.store.purge("a");
  await bench.settle();
  const messages = await bench.store.webhooks.messages(id, 10);
  expect(messages.map(({ document, type }) => `${type} ${document}`)).toEqual([
    'doc.updated "content":b',
    "doc.purged a",
  ]);
  bench.answer = () => delivered;
  await bench.advance(60_000);
  expect(bench.sent.at(-1)?.type).toBe("doc.purged");
  expect(await bench.store.webhooks.messages(id, 10)).toEqual([]);
});

test("content that was read before a purge is not stored after it", async () => {
  const { id } = await bench.subscribe({ include: "json" });
  bench.answer = () => unavailable;
  bench.readContent = async () => {
    bench.readContent = async () => undefined;
    await bench.store.purge("a");
    return { sequence: 1, body: encoded({ text: "needle" }) };
  };
  await bench.write("a");
  await bench.advance(2_000);
  expect(contents()).toEqual([[null, "unavailable"]]);
  expect((await bench.store.webhooks.messages(id, 10)).map(({ body }) => body.includes("needle"))).toEqual([false]);
});

test.each(["stays away", "is created again"])(
  "a message with content of a purged document that %s is not stored again",
  async (outcome) => {
    const { id } = await bench.subscribe({ include: "json" });
    bench.readContent = async () => ({ sequence: 1, body: encoded({ text: "needle" }) });
    bench.answer = () => delivered;
    await bench.write("a");
    await bench.advance(2_000);
    const message = bench.sent[0]?.id ?? "";
    expect(await bench.webhooks.redeliver(id, message)).toBe(true);
    await bench.settle();
    expect(bench.sent).toHaveLength(2);
    await bench.advance(1_000);
    await bench.store.purge("a");
    if (outcome === "is created again") await bench.write("a");
    expect(await bench.webhooks.redeliver(id, message)).toBe(false);
    expect(await bench.store.webhooks.messages(id, 10)).toEqual([]);
  },
);

test("delivered messages are kept in memory up to a number and a size", () => {
  const recent = new RecentDeliveries();
  const add = (id: string, length: number) =>
    recent.add({
      message: {
        ...{ id, document: "a", type: "doc.updated", sequence: 1, body: "x".repeat(length), attempts: 0 },
        ...{ dueAt: undefined, failedAt: undefined },
      },
      outcome: { kind: "delivered", status: 200 },
      at: 0,
      durationMs: 1,
    });
  for (let index = 0; index < 150; index += 1) add(`small-${index}`, 100);
  expect(recent.delivered).toHaveLength(100);
  for (const id of ["one", "two", "three"]) add(id, 400_000);
  expect(recent.delivered.map(({ message }) => message.id)).toEqual(["three", "two"]);
  add("large", 2_000_000);
  expect(recent.delivered.map(({ message }) => message.id)).toEqual(["large"]);
  add("large", 10);
  add("next", 10);
  expect(recent.delivered.map(({ message }) => message.id)).toEqual(["next", "large"]);
});
