import { describe, expect, test } from "bun:test";
import {
  originPolicyOf,
  refuseForeign,
  refuseOrigin,
  whyOriginRefused,
} from "../../../src/transport/admission/origin-policy.ts";

const listed = ["https://app.example", "http://app.example:8080"];
const local = originPolicyOf("127.0.0.1", []);

describe("a listener for this machine only", () => {
  test.each([
    ["127.0.0.1:4444", undefined],
    ["localhost:4444", undefined],
    ["localhost", undefined],
    ["app.localhost:4444", undefined],
    ["[::1]:4444", undefined],
    ["LOCALHOST:4444", undefined],
    ["127.0.0.1:4444", "http://localhost:5173"],
    ["127.0.0.1:4444", "http://127.8.9.10"],
    ["127.0.0.1:4444", "http://[::1]:3000"],
    ["127.0.0.1:4444", "tauri://localhost"],
  ])("lets in host %s with origin %s", (host, origin) => {
    expect(refuseForeign(headers(host, origin), local)).toBeUndefined();
  });

  test.each([
    [undefined, undefined],
    ["", undefined],
    ["evil.example:4444", undefined],
    ["127.0.0.1.evil.example", undefined],
    ["localhost.evil.example:4444", undefined],
    ["192.168.1.5:4444", undefined],
    ["127.0.0.1:4444", "https://evil.example"],
    ["127.0.0.1:4444", "http://localhost.evil.example"],
    ["127.0.0.1:4444", "http://127.0.0.1.evil.example"],
    ["127.0.0.1:4444", "null"],
    ["127.0.0.1:4444", ""],
    ["127.0.0.1@evil.example", undefined],
    ["127.0.0.1\\evil.example", undefined],
  ])("refuses host %s with origin %s", (host, origin) => {
    expect(refuseForeign(headers(host, origin), local)).toMatchObject({ status: 403 });
  });
});

test("a listed origin may use a listener for this machine, under this machine's name and under its own", () => {
  const originPolicy = originPolicyOf("127.0.0.1", listed);
  expect(refuseForeign(headers("127.0.0.1:4444", "https://app.example"), originPolicy)).toBeUndefined();
  expect(refuseForeign(headers("app.example", "https://app.example"), originPolicy)).toBeUndefined();
  expect(refuseForeign(headers("APP.example:8443", undefined), originPolicy)).toBeUndefined();
  expect(refuseForeign(headers("evil.example", "https://app.example"), originPolicy)).toMatchObject({ status: 403 });
  expect(refuseForeign(headers("127.0.0.1:4444", "https://evil.example"), originPolicy)).toMatchObject({ status: 403 });
});

test("a wildcard for the pages of a program lets no foreign host in", () => {
  const originPolicy = originPolicyOf("127.0.0.1", ["vscode-webview://*"]);
  expect(refuseForeign(headers("127.0.0.1:4444", "vscode-webview://1a2b3c"), originPolicy)).toBeUndefined();
  // DNS rebinding: a page of http://evil asks for its own origin, and then sends no Origin.
  expect(refuseForeign(headers("evil:4444", undefined), originPolicy)).toMatchObject({ status: 403 });
});

test("the public URL is no foreign host and no foreign origin, whether origins are listed or not", () => {
  const publicUrl = new URL("https://collab.example:8443/yurt");
  const own = headers("collab.example:8443", "https://collab.example:8443");
  for (const origins of [[], listed]) {
    const originPolicy = originPolicyOf("127.0.0.1", origins, { publicUrl });
    expect(refuseForeign(own, originPolicy)).toBeUndefined();
    expect(refuseOrigin(own, originPolicy)).toBeUndefined();
    expect(refuseForeign(headers("collab.example", undefined), originPolicy)).toBeUndefined();
    expect(refuseForeign(headers("127.0.0.1:4444", "https://collab.example:8443"), originPolicy)).toBeUndefined();
    expect(refuseForeign(headers("evil.example", undefined), originPolicy)).toMatchObject({ status: 403 });
    expect(refuseForeign(headers("127.0.0.1:4444", "https://collab.example"), originPolicy)).toMatchObject({
      status: 403,
    });
  }
});

describe("where a token or the application decides, a listener for this machine", () => {
  test("accepts any host, and pages of any origin when none is listed", () => {
    const policy = originPolicyOf("127.0.0.1", [], { isOpen: false });
    for (const request of [headers("collab.example", "https://app.example"), headers(undefined, "null")]) {
      expect(refuseForeign(request, policy)).toBeUndefined();
      expect(refuseOrigin(request, policy)).toBeUndefined();
    }
  });

  test("refuses pages that are not listed, except its own", () => {
    const policy = originPolicyOf("127.0.0.1", listed, { isOpen: false });
    const refusalOf = (origin: string) => refuseOrigin(headers("collab.example", origin), policy);
    expect(refusalOf("https://app.example")).toBeUndefined();
    expect(refusalOf("https://collab.example")).toBeUndefined();
    expect(refusalOf("http://localhost:5173")).toBeUndefined();
    expect(refusalOf("https://evil.example")).toMatchObject({ status: 403 });
  });
});

describe("origins of programs that embed a browser", () => {
  test.each([
    "capacitor://localhost",
    "ionic://localhost",
    "app://obsidian.md",
    "chrome-extension://abcdefghijklmnop",
    "moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab",
    "vscode-webview://1a2b3c",
    "file://",
    "null",
  ])("may connect when %s is listed, and only then", (origin) => {
    const request = headers("127.0.0.1:4444", origin);
    const isLocal = URL.parse(origin)?.hostname === "localhost";
    expect(refuseForeign(request, originPolicyOf("127.0.0.1", [origin]))).toBeUndefined();
    expect(refuseForeign(request, local) === undefined).toBe(isLocal);
    expect(refuseOrigin(request, originPolicyOf("0.0.0.0", [origin]))).toBeUndefined();
    expect(refuseOrigin(request, originPolicyOf("0.0.0.0", listed))).toMatchObject({ status: 403 });
  });
});

test("a refusal names the header, escaped and shortened, and the remedy", () => {
  expect(refuseForeign(headers("evil.example", undefined), local)?.message).toBe(
    'This server accepts local connections only, and the Host of this request is "evil.example". ' +
      "Name the URL that clients use with --public-url, or open the server as 127.0.0.1 or localhost.\n",
  );
  const policy = originPolicyOf("0.0.0.0", listed);
  expect(refuseOrigin(headers("collab.example", "https://evil.example"), policy)?.message).toBe(
    'Pages of the origin "https://evil.example" may not connect. Add the origin to --auth-origins if its pages may connect.\n',
  );
  const value = refuseOrigin(headers("collab.example", `\u00e9"${"x".repeat(1_000)}`), policy)?.value;
  expect(value).toBe(`\\u00e9\\"${"x".repeat(98)}…`);
});

test("a listener for other machines accepts any host name", () => {
  const originPolicy = originPolicyOf("0.0.0.0", []);
  expect(refuseForeign(headers("collab.example", "https://evil.example"), originPolicy)).toBeUndefined();
  expect(refuseOrigin(headers("collab.example", "https://evil.example"), originPolicy)).toBeUndefined();
});

describe("with a list of origins, a connection", () => {
  const originPolicy = originPolicyOf("0.0.0.0", listed);

  test.each([
    ["of a listed page", "https://app.example"],
    ["of a listed page with a port", "http://app.example:8080"],
    ["of a listed page in another spelling", "HTTPS://APP.example:443"],
    ["of this server's own page", "https://collab.example"],
    ["of this server's own page with the default port", "https://collab.example:443"],
    ["of a program", undefined],
  ])("%s is let in", (_, origin) => {
    expect(refuseOrigin(headers("collab.example", origin), originPolicy)).toBeUndefined();
  });

  test.each(["https://evil.example", "http://app.example", "https://app.example:8443", "null", "", "collab.example"])(
    "of %j is refused",
    (origin) => {
      expect(refuseOrigin(headers("collab.example", origin), originPolicy)).toMatchObject({ status: 403 });
    },
  );

  test("of this machine's own pages is accepted where only this machine can connect", () => {
    const here = originPolicyOf("127.0.0.1", listed);
    expect(refuseOrigin(headers("127.0.0.1:4444", "http://localhost:5173"), here)).toBeUndefined();
    expect(refuseOrigin(headers("127.0.0.1:4444", "https://evil.example"), here)).toMatchObject({ status: 403 });
  });
});

function headers(host: string | undefined, origin: string | undefined): Headers {
  return new Headers({ ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) });
}

test.each([
  [originPolicyOf("127.0.0.1", []), "https://evil.example", /accepts local pages only.*--auth-origins/],
  [originPolicyOf("127.0.0.1", []), "http://localhost:5173", undefined],
  [originPolicyOf("0.0.0.0", []), "https://evil.example", undefined],
  [originPolicyOf("0.0.0.0", listed, { isOpen: false }), "https://evil.example", /may not connect/],
  [originPolicyOf("0.0.0.0", listed, { isOpen: false }), "https://app.example", undefined],
  [originPolicyOf("0.0.0.0", listed, { isOpen: false }), "http://127.0.0.1:4444", undefined],
])("one call says why a page is refused, before or at the upgrade: %#", (policy, origin, reason) => {
  const said = whyOriginRefused(origin, "127.0.0.1:4444", policy);
  if (reason === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(reason);
});
