import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mintToken } from "../../../src/auth/token/mint-token.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { storeDocument } from "../../support/api/store-document.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";
import { WebhookApplication } from "../../support/servers/webhook-application.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const secret = "the secret of the test servers, long enough";
const accepts = () => new Response(null, { status: 204 });

describe.skipIf(isMissing("postgres"))("webhooks of servers on one database", () => {
  let postgres: PostgresServer;
  let token: string;
  let cluster: { readonly url: URL };

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    token = await mintToken({ rooms: new Map(), isAdmin: true, secret, lifetimeMs: 600_000, clock: systemClock });
  });

  afterAll(() => postgres[Symbol.asyncDispose]());

  beforeEach(async () => {
    cluster = { url: new URL(await postgres.newSchema()) };
  });

  const start = () =>
    startTestServer({ cluster, auth: { mode: "open", secrets: [secret], readersShowPresence: true } });

  async function ask(server: TestServer, method: string, path: string, body?: unknown) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(`${server.url}/v1/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect([path, response.status < 300, text]).toEqual([path, true, text]);
    return text === "" ? {} : JSON.parse(text);
  }

  const told = ({ received }: WebhookApplication) =>
    received.map(({ body }) => {
      const { data, type } = JSON.parse(body);
      return `${type} ${data.document}`;
    });

  test("are delivered once, whichever server the changes and the endpoint come from, and by another one when the first ends", async () => {
    await using application = new WebhookApplication(accepts);
    const first = await start();
    await using second = await start();
    await using third = await start();
    const events = ["doc.created", "doc.updated", "doc.deleted"];
    const settings = { url: application.url, debounceMs: 0, maxWaitMs: 0, events };
    const { id } = await ask(second, "POST", "webhooks", settings);
    await eventually("all know it", async () => {
      const lists = await Promise.all([first, third].map((server) => ask(server, "GET", "webhooks")));
      return lists.every(({ items }) => items.length === 1);
    });

    await storeDocument(second, "near", "text");
    await storeDocument(first, "far", "text");
    await application.asked(4);
    await ask(third, "DELETE", "docs/near");
    await application.asked(5);
    const before = ["doc.created far", "doc.created near", "doc.deleted near", "doc.updated far", "doc.updated near"];
    expect(told(application).toSorted()).toEqual(before);

    await first.stop();
    await storeDocument(third, "later", "text");
    await application.asked(7);
    expect(told(application).slice(5)).toEqual(["doc.created later", "doc.updated later"]);

    await ask(third, "PATCH", `webhooks/${id}`, { enabled: false });
    await eventually("the other one knows it", async () => {
      return (await ask(second, "GET", `webhooks/${id}`)).enabled === false;
    });
    await ask(second, "DELETE", "docs/later");
    await ask(third, "DELETE", `webhooks/${id}`);
    await eventually("it is gone", async () => (await ask(second, "GET", "webhooks")).items.length === 0);
    expect(application.received).toHaveLength(7);
  });
});
