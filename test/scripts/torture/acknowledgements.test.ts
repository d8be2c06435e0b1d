import { describe, expect, test } from "bun:test";
import { hocuspocus, hocuspocusSessions } from "../../../scripts/torture/client/hocuspocus-protocol.ts";
import { firstFrames } from "../../../scripts/torture/client/sync-protocol.ts";
import { yWebsocket } from "../../../scripts/torture/client/y-websocket-protocol.ts";
import { decodeAddress, decodeMessage } from "../../../src/relay/hocuspocus/codec.ts";
import { framed } from "../../support/bytes/hocuspocus-frames.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { tuple } from "../../support/tuple.ts";

const nothing = Uint8Array.of(0, 0);
const stateVector = Uint8Array.of(0);
const [first, second] = tuple(
  2,
  updatesOf((doc) => {
    for (const character of "ab") doc.getText().insert(0, character);
  }),
);

describe("over y-websocket", () => {
  test("an update is acknowledged once by its echo, and an empty one does not wait for an echo", () => {
    const acknowledgements = yWebsocket.acknowledgements();
    acknowledgements.sent({ type: "sync-step-2", update: nothing });
    acknowledgements.sent({ type: "sync-step-2", update: first });
    acknowledgements.sent({ type: "update", update: second });
    expect(acknowledgements.waiting).toBe(2);
    expect(acknowledgements.heard({ type: "update", update: second })).toEqual(second);
    expect(acknowledgements.heard({ type: "update", update: second })).toBeUndefined();
    expect(acknowledgements.heard({ type: "sync-step-2", update: first })).toBeUndefined();
    expect(acknowledgements.heard({ type: "update", update: first })).toEqual(first);
    expect(acknowledgements.waiting).toBe(0);
  });
});

describe("over Hocuspocus", () => {
  test("each update, even an empty one, is acknowledged by a SyncStatus in order", () => {
    const acknowledgements = hocuspocus.acknowledgements();
    for (const update of [first, nothing, second]) acknowledgements.sent({ type: "update", update });
    expect(acknowledgements.heard({ type: "update", update: second })).toBeUndefined();
    const heard = Array.from({ length: 4 }, () => acknowledgements.heard({ type: "applied" }));
    expect(heard).toEqual([first, nothing, second, undefined]);
  });

  test("the answer that belongs to the client's own sync is acknowledged, and no other", () => {
    const acknowledgements = hocuspocus.acknowledgements();
    acknowledgements.sent({ type: "sync-step-1", stateVector });
    for (const update of [first, second]) {
      acknowledgements.heard({ type: "sync-step-1", stateVector });
      acknowledgements.sent({ type: "sync-step-2", update });
    }
    expect(acknowledgements.waiting).toBe(1);
    expect(acknowledgements.heard({ type: "applied" })).toEqual(first);
  });

  test("a client authenticates, then requests the document, at an address of its own for each session", () => {
    const messages = firstFrames(hocuspocus, "a").map((frame) => decodeMessage(frame, 2).type);
    expect(messages).toEqual(["authentication", "sync-step-1"]);
    const addresses = [1, 2].map(() => hocuspocusSessions.address("a"));
    expect(new Set(addresses).size).toBe(2);
    for (const address of addresses) {
      const frame = hocuspocusSessions.encode(address, { type: "update", update: first });
      expect(decodeAddress(frame, 100).address).toBe(address);
      expect(address).toStartWith("a\0");
    }
  });

  test.each([
    ["an acknowledgement", framed("a", 8, 1), { type: "applied" }],
    ["one that is refused", framed("a", 8, 0), { type: "refused", why: "SyncStatus 0" }],
    ["a denial", framed("a", 2, 1, "because"), { type: "refused", why: "because" }],
    ["an update", framed("a", 0, 2, first), { type: "update", update: first }],
  ] as const)("%s is decoded", (_, frame, message) => {
    expect(hocuspocus.decode(frame)).toEqual({ address: "a", message });
  });

  test.each([
    ["a pong", Uint8Array.of(10)],
    ["an authentication", framed("a", 2, 2, "read-write")],
    ["awareness", framed("a", 1, nothing)],
  ])("%s does not concern the content", (_, frame) => {
    expect(hocuspocus.decode(frame)).toBeUndefined();
  });
});
