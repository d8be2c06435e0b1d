import { describe, expect, test } from "bun:test";
import { refuseForeign } from "../../src/transport/admission.ts";

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
    expect(refuseForeign(headers(host, origin))).toBeUndefined();
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
    expect(refuseForeign(headers(host, origin))).toMatchObject({ status: 403 });
  });
});

function headers(host: string | undefined, origin: string | undefined): Headers {
  return new Headers({ ...(host !== undefined && { host }), ...(origin !== undefined && { origin }) });
}
