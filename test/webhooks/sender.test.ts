import { describe, expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { AddressRanges } from "../../src/lib/address/address-ranges.ts";
import { systemClock } from "../../src/lib/time/clock.ts";
import { Sender, type SenderOptions } from "../../src/webhooks/sender.ts";
import { TestAuthority } from "../support/https/test-authority.ts";
import { freePort } from "../support/programs/free-port.ts";
import { temporaryFolder } from "../support/servers/start-test-server.ts";
import { never, WebhookApplication } from "../support/servers/webhook-application.ts";
import { endpointOf } from "../support/webhooks/endpoint.ts";

const message = { id: "msg_1", body: '{"type":"ping"}' };

const senderWith = (changed: Partial<SenderOptions> = {}) =>
  new Sender({
    allowed: new AddressRanges(["127.0.0.1"]),
    lookup: async () => ["127.0.0.1"],
    limits: { changeWebhookMs: 2_000 },
    clock: systemClock,
    userAgent: "Yurt/test",
    ...changed,
  });

const send = (url: URL | string, changed?: Partial<SenderOptions>, signal = new AbortController().signal) =>
  senderWith(changed).send(endpointOf("one", { url: String(url) }), message, signal);

const accepts = () => new Response(null, { status: 202 });

describe("an attempt", () => {
  test("goes to the address that was looked up, with the name, and is signed", async () => {
    await using application = new WebhookApplication(accepts);
    const named = new URL(application.url);
    named.hostname = "app.example";
    expect(await send(named)).toEqual({ kind: "delivered", status: 202 });
    const [received] = application.received;
    expect(received?.headers).toMatchObject({ host: named.host, "user-agent": "Yurt/test" });
    const [{ secret = "" } = {}] = endpointOf("one").secrets;
    expect(new Webhook(secret).verify(received?.body ?? "", { ...received?.headers })).toEqual({ type: "ping" });
  });

  test.each([
    [204, {}, { kind: "delivered", status: 204 }],
    [410, {}, { kind: "gone", status: 410 }],
    [404, {}, { kind: "failed", reason: "status", status: 404 }],
    [500, { "retry-after": "9" }, { kind: "failed", reason: "status", status: 500 }],
    [503, { "retry-after": "9" }, { kind: "failed", reason: "status", status: 503, retryAfterMs: 9_000 }],
    [429, { "retry-after": "9" }, { kind: "failed", reason: "status", status: 429, retryAfterMs: 9_000 }],
    [307, { location: "http://127.0.0.1:1/" }, { kind: "failed", reason: "redirect", status: 307 }],
  ] as const)("that is answered with %i %p is %p", async (status, headers, expected) => {
    await using application = new WebhookApplication(() => new Response(null, { status, headers }));
    expect(await send(application.url)).toEqual(expected);
    expect(application.received).toHaveLength(1);
  });

  test("fails if there is no answer in time, or no server", async () => {
    await using application = new WebhookApplication(never);
    const limits = { changeWebhookMs: 50 };
    expect(await send(application.url, { limits })).toEqual({ kind: "failed", reason: "timeout" });
    const lookup = () => new Promise<never>(() => {});
    expect(await send("https://app.example", { limits, lookup })).toEqual({ kind: "failed", reason: "timeout" });
    expect(await send(`http://127.0.0.1:${freePort()}`)).toEqual({ kind: "failed", reason: "unreachable" });
  });

  test("ends when the server stops, which is no failure", async () => {
    await using application = new WebhookApplication(never);
    const stopping = new AbortController();
    const sending = send(application.url, {}, stopping.signal);
    await application.asked(1);
    stopping.abort();
    expect(await sending).toEqual({ kind: "interrupted" });
  });

  test("does not wait for the end of a body", async () => {
    const endless = () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(1_024)) }));
    await using application = new WebhookApplication(endless);
    expect(await send(application.url)).toEqual({ kind: "delivered", status: 200 });
  });

  test("is not made to an address that is not allowed, whatever name has it", async () => {
    await using application = new WebhookApplication(accepts);
    const allowed = new AddressRanges([]);
    expect(await send(application.url, { allowed })).toEqual({ kind: "failed", reason: "address-not-allowed" });
    const named = `https://app.example:${application.url.port}/`;
    expect(await send(named, { allowed })).toEqual({ kind: "failed", reason: "address-not-allowed" });
    expect(application.received).toEqual([]);
  });

  test("over TLS checks the certificate for the name, not for the address", async () => {
    const folder = await temporaryFolder();
    const authority = await TestAuthority.create();
    const roots = join(folder, "roots.pem");
    await Bun.write(roots, authority.root);
    const { chain, privateKey } = await authority.issue(["app.example"]);
    const tls = { cert: chain, key: privateKey };
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response(null, { status: 204 }) });
    const outcome = async (name: string, environment: Readonly<Record<string, string>>) => {
      const script = join(import.meta.dir, "../support/webhooks/send-over-tls.ts");
      const child = Bun.spawn([process.execPath, "--no-env-file", script, `https://${name}:${server.port}/`], {
        env: { ...process.env, ...environment },
        stdio: ["ignore", "pipe", "inherit"],
      });
      return JSON.parse(await child.stdout.text());
    };
    const trusting = { NODE_EXTRA_CA_CERTS: roots };
    expect(await outcome("app.example", trusting)).toEqual({ kind: "delivered", status: 204 });
    expect(await outcome("other.example", trusting)).toEqual({ kind: "failed", reason: "certificate" });
    expect(await outcome("app.example", {})).toEqual({ kind: "failed", reason: "certificate" });
    await server.stop(true);
    await rm(folder, { recursive: true });
  });
});
