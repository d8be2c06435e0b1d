import { expect, test } from "bun:test";
import { headline } from "../../src/web/demo/headline/headline-text.ts";
import {
  patienceMs,
  type ServerFacts,
  type ServerState,
  serverState,
} from "../../src/web/demo/headline/server-state.ts";

const facts: ServerFacts = {
  link: "connected",
  isOffline: false,
  isSignalingConnected: true,
  denial: undefined,
  closeReason: undefined,
  wasConnected: true,
  disconnectedMs: 0,
};
const gone: Partial<ServerFacts> = { link: "connecting", isSignalingConnected: false };

test.each<[string, Partial<ServerFacts>, ServerState]>([
  ["connected", {}, { kind: "running" }],
  ["connecting for the first time", { ...gone, wasConnected: false, disconnectedMs: 10 }, { kind: "connecting" }],
  ["disconnected for a moment", { ...gone, disconnectedMs: 10 }, { kind: "running" }],
  ["disconnected for long", { ...gone, disconnectedMs: patienceMs }, { kind: "down" }],
  ["never connected", { ...gone, wasConnected: false, disconnectedMs: patienceMs }, { kind: "down" }],
  ["disconnected by a restart", { ...gone, closeReason: "restart" }, { kind: "restarting" }],
  [
    "disconnected by a restart that takes too long",
    { ...gone, closeReason: "restart", disconnectedMs: 60_000 },
    { kind: "down" },
  ],
  [
    "sent away for now",
    { ...gone, closeReason: "overloaded", disconnectedMs: patienceMs },
    { kind: "busy", reason: "overloaded" },
  ],
  ["sent away from a full room", { ...gone, closeReason: "room-full" }, { kind: "busy", reason: "room-full" }],
  ["denied", { ...gone, link: "denied", denial: "token expired" }, { kind: "refused", reason: "token expired" }],
  ["offline by its own switch", { ...gone, link: "off", isOffline: true }, { kind: "offline" }],
  ["without the WebSocket, and with signaling", { link: "off" }, { kind: "running" }],
  ["in a private room, with signaling", { link: "private" }, { kind: "running" }],
  [
    "without the WebSocket, and without an answer to signaling",
    { link: "off", isSignalingConnected: false, disconnectedMs: patienceMs },
    { kind: "down" },
  ],
  [
    "with signaling only, though the WebSocket is on",
    { link: "connecting", disconnectedMs: patienceMs },
    { kind: "down" },
  ],
])("a window that is %s", (_, difference, expected) => {
  expect(serverState({ ...facts, ...difference })).toEqual(expected);
});

const shown = { access: "write", isStored: true, hasToken: false } as const;

test("the headline says that the server runs only while it does", () => {
  const kinds = ["connecting", "restarting", "down", "offline"] as const;
  for (const kind of kinds) expect(headline({ ...shown, server: { kind } }).title).not.toBe("Yurt is running");
  expect(headline({ ...shown, server: { kind: "running" } }).title).toBe("Yurt is running");
});

test("the headline names what is missing: a token, or one that is accepted", () => {
  const server = { kind: "refused", reason: "token expired" } as const;
  expect(headline({ ...shown, server }).title).toBe("Token required");
  expect(headline({ ...shown, server, hasToken: true })).toMatchObject({
    title: "Access denied",
    text: expect.stringContaining("token expired"),
  });
});

test("the headline says why the server has closed the connection, whatever the reason", () => {
  const textOf = (reason: string) => headline({ ...shown, server: { kind: "busy", reason } }).text;
  expect(textOf("room-full")).toContain("The room is full.");
  expect(textOf("some-other-reason")).toContain("(some-other-reason)");
});

test("the headline does not promise storage where there is none, nor edits where none are taken", () => {
  const server = { kind: "running" } as const;
  expect(headline({ ...shown, server, isStored: false }).text).toContain("stores nothing");
  expect(headline({ ...shown, server, access: "read" }).text).toContain("only read");
});
