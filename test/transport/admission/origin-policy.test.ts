import { describe, expect, test } from "bun:test";
import { refuseForeign, refuseOrigin } from "../../../src/transport/admission/origin-policy.ts";

const none: ReadonlySet<string> = new Set();
const listed: ReadonlySet<string> = new Set(["https://app.example", "http://app.example:8080"]);
const local = { isForThisMachine: true, origins: none };

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
  ])("refuses host %s with origin %s", (host, origin) => {
    expect(refuseForeign(headers(host, origin), local)).toMatchObject({ status: 403 });
  });
});

test("a listed origin may use a listener for this machine, under this machine's name", () => {
  const originPolicy = { isForThisMachine: true, origins: listed };
  expect(refuseForeign(headers("127.0.0.1:4444", "https://app.example"), originPolicy)).toBeUndefined();
  expect(refuseForeign(headers("evil.example", "https://app.example"), originPolicy)).toMatchObject({ status: 403 });
  expect(refuseForeign(headers("127.0.0.1:4444", "https://evil.example"), originPolicy)).toMatchObject({ status: 403 });
});

test("a listener for other machines accepts any host name", () => {
  const originPolicy = { isForThisMachine: false, origins: none };
  expect(refuseForeign(headers("collab.example", "https://evil.example"), originPolicy)).toBeUndefined();
  expect(refuseOrigin(headers("collab.example", "https://evil.example"), originPolicy)).toBeUndefined();
});

describe("with a list of origins, a connection", () => {
  const originPolicy = { isForThisMachine: false, origins: listed };

  test.each([
    ["of a listed page", "https://app.example"],
    ["of a listed page with a port", "http://app.example:8080"],
    ["of this server's own page", "https://collab.example"],
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
    const here = { isForThisMachine: true, origins: listed };
    expect(refuseOrigin(headers("127.0.0.1:4444", "http://localhost:5173"), here)).toBeUndefined();
    expect(refuseOrigin(headers("127.0.0.1:4444", "https://evil.example"), here)).toMatchObject({ status: 403 });
  });
});

function headers(host: string | undefined, origin: string | undefined): Headers {
  return new Headers({ ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) });
}
