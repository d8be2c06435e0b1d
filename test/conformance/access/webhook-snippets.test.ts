import { expect, test } from "bun:test";
import { signWebhook } from "../../../src/lib/webhook/webhook-signature.ts";
import { runModule, snippetsOf } from "../../support/docs-snippets.ts";
import { eventually } from "../../support/eventually.ts";
import { freePort } from "../../support/programs/free-port.ts";

const snippets = snippetsOf("docs/webhooks.md");
const receiving = "docs/webhooks.md#Receive messages";

test("every snippet has a test", () => {
  expect([...snippets.keys()]).toEqual([receiving]);
});

test("an application receives messages that are signed with its secret, each once", async () => {
  const [former, present, foreign] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte));
  if (former === undefined || present === undefined || foreign === undefined) throw new Error("no secrets");
  const port = freePort();
  const code = (snippets.get(receiving) ?? "").replace("3000", String(port));
  const ending = "setInterval(() => seen.size === 2 && process.exit(), 20);";
  await using module = runModule(`${code}\n${ending}`, { YURT_WEBHOOK_SECRET: `whsec_${former.toString("base64")}` });
  const body = JSON.stringify({ type: "doc.updated", data: { document: "notes/a" } });
  const send = async (id: string, secrets: readonly Buffer[], timestamp = Math.floor(Date.now() / 1_000)) => {
    const headers = signWebhook({ id, timestamp, body }, secrets);
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", headers, body }).catch(() => undefined);
    return response?.status;
  };
  await eventually("it listens, and refuses a foreign signature", async () => (await send("msg_0", [foreign])) === 400);
  expect(await send("msg_1", [former])).toBe(204);
  expect(await send("msg_1", [former])).toBe(204);
  expect(await send("msg_3", [former], 1_000_000)).toBe(400);
  expect(await send("msg_2", [present, former])).toBe(204);
  expect((await module.printed()).trim().split("\n")).toEqual(Array(2).fill("doc.updated notes/a"));
});
