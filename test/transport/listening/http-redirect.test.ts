import { afterEach, expect, test } from "bun:test";
import { LimitedLog } from "../../../src/ops/limited-log.ts";
import { type HttpRedirectOptions, openHttpRedirect } from "../../../src/transport/listening/http-redirect.ts";
import type { HttpListener } from "../../../src/transport/monitoring/http-listener.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

let listener: HttpListener | undefined;
afterEach(() => listener?.close());

const names = ["collab.test", "www.collab.test"];
const respond = (pathname: string) =>
  pathname === "/.well-known/acme-challenge/a" ? new Response("answer") : undefined;

async function ask(host: string, path: string, options: Partial<HttpRedirectOptions> = {}, init: RequestInit = {}) {
  const limitedLog = new LimitedLog(recordedLog().log, new FakeClock());
  const defaults = { host: "127.0.0.1", port: 0, httpsPort: 443, names, isRedirecting: true, respond, limitedLog };
  listener = openHttpRedirect({ ...defaults, ...options });
  const response = await fetch(listener.url + path, { redirect: "manual", headers: { host }, ...init });
  return { status: response.status, location: response.headers.get("location"), text: await response.text() };
}

test.each<[string, string, Partial<HttpRedirectOptions>, string]>([
  ["www.collab.test", "/sync/a%2Fb?token=x&y", {}, "https://www.collab.test/sync/a%2Fb?token=x&y"],
  ["WWW.collab.test:80", "/", {}, "https://www.collab.test/"],
  ["collab.test", "/a", { httpsPort: 8443 }, "https://collab.test:8443/a"],
  ["192.0.2.1", "/a", {}, "https://collab.test/a"],
  ["evil.example", "/a", {}, "https://collab.test/a"],
  ["intranet:8080", "/a//b", { names: [] }, "https://intranet/a//b"],
])("a request for %s%s is redirected to HTTPS", async (host, path, options, location) => {
  expect(await ask(host, path, options)).toMatchObject({ status: 308, location });
});

test("a method is kept, and its body is not read", async () => {
  expect(await ask("collab.test", "/a", {}, { method: "POST", body: "x".repeat(1_000) })).toMatchObject({
    status: 308,
  });
});

test("a challenge is answered, whether other paths are redirected or not", async () => {
  for (const isRedirecting of [true, false]) {
    const answer = await ask("collab.test", "/.well-known/acme-challenge/a", { isRedirecting });
    expect(answer).toEqual({ status: 200, location: null, text: "answer" });
    await listener?.close();
  }
  expect(await ask("collab.test", "/a", { isRedirecting: false })).toMatchObject({ status: 404, location: null });
});

test("a port in use is named with its setting", async () => {
  await ask("collab.test", "/");
  const port = Number(new URL(listener?.url ?? "").port);
  await expect(ask("collab.test", "/", { port })).rejects.toMatchObject({
    code: "EADDRINUSE",
    port,
    setting: "tls.http-port",
  });
});
