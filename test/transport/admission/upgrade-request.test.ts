import { describe, expect, test } from "bun:test";
import { faultOf, isHandshake, isUpgrade } from "../../../src/transport/admission/upgrade-request.ts";
import { handshake } from "../../support/clients/handshake.ts";

function requestWith(changed: Readonly<Record<string, string | undefined>>, method = "GET") {
  return { method, headers: new Headers(handshake(changed).headers) };
}

describe("a handshake", () => {
  test.each([
    {},
    { upgrade: "WebSocket" },
    { upgrade: "h2c, websocket" },
    { connection: "keep-alive, Upgrade" },
    { connection: "UPGRADE" },
  ])("is complete with %p", (changed) => {
    expect(faultOf(requestWith(changed))).toBeUndefined();
  });

  test.each([
    [{ upgrade: undefined }, 426, "the header Upgrade is missing"],
    [{ upgrade: undefined, connection: "close" }, 426, "the header Upgrade is missing"],
    [{ upgrade: "h2c" }, 426, "the header Upgrade does not name websocket"],
    [{ connection: undefined }, 426, "the header Connection is missing"],
    [{ connection: "close" }, 426, "the header Connection does not name Upgrade"],
    [{ "sec-websocket-key": undefined }, 400, "the header Sec-WebSocket-Key is missing"],
    [{ "sec-websocket-key": "short" }, 400, "the header Sec-WebSocket-Key is not 16 bytes in base64"],
    [{ "sec-websocket-version": undefined }, 426, "the header Sec-WebSocket-Version is missing"],
    [{ "sec-websocket-version": "8" }, 426, "the header Sec-WebSocket-Version is not 13"],
  ])("with %p is refused with %i, and the answer says that %s", (changed, status, fault) => {
    const refusal = faultOf(requestWith(changed));
    expect(refusal).toMatchObject({ status, fault });
    expect(refusal?.message).toStartWith(
      `Not a WebSocket handshake: ${fault}. If a reverse proxy is in front of Yurt, `,
    );
    expect(refusal?.headers["upgrade"]).toBe(status === 426 ? "websocket" : undefined);
  });

  test("by another method than GET is refused", () => {
    expect(faultOf(requestWith({}, "POST"))).toMatchObject({ status: 400, fault: "the method is POST instead of GET" });
  });

  test("is recognised without the headers that proxies remove", () => {
    expect(isHandshake(requestWith({ upgrade: undefined, connection: undefined }))).toBeTrue();
    expect(isUpgrade(requestWith({ upgrade: undefined }))).toBeFalse();
    const none = { upgrade: undefined, "sec-websocket-version": undefined, "sec-websocket-key": undefined };
    expect(isHandshake(requestWith(none))).toBeFalse();
    expect(isHandshake(requestWith({ ...none, upgrade: "h2c" }))).toBeFalse();
  });
});
