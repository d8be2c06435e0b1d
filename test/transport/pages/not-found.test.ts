import { expect, test } from "bun:test";
import { notFound } from "../../../src/transport/pages/not-found.ts";

const ask = (accept: string, method = "GET") =>
  notFound(new Request("http://127.0.0.1:4444/nope", { method, headers: { accept } }), "/yurt");

test("a browser at a wrong address gets a page with a link to the demo, and no reason to ask for an icon", async () => {
  const response = ask("text/html,application/xhtml+xml,*/*;q=0.8");
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("text/html;charset=utf-8");
  const page = await response.text();
  expect(page).toContain('<a href="/yurt/">');
  expect(page).toContain('<link rel="icon" href="data:,">');
});

test("the page's policy allows its own style and nothing else", async () => {
  const response = ask("text/html");
  const [, style = ""] = /<style>(.*)<\/style>/.exec(await response.text()) ?? [];
  const hash = new Bun.CryptoHasher("sha256").update(style).digest("base64");
  expect(response.headers.get("content-security-policy")).toContain(`style-src 'sha256-${hash}'`);
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
});

test.each([
  ["a program", "*/*", "GET"],
  ["a request that is no page's", "text/html", "POST"],
])("%s gets a line of text", async (_, accept, method) => {
  const response = ask(accept, method);
  expect([response.status, await response.text()]).toEqual([404, "Not found\n"]);
});
