import { expect, test } from "bun:test";
import { type SyncFacts, syncState } from "../../src/web/demo/saving/sync-state.ts";

const facts: SyncFacts = { link: "connected", unsavedCount: 0, isRestoring: false, peerCount: 0, isKept: true };

test("saved says that the server is connected and has everything", () => {
  expect(syncState(facts).state).toBe("saved");
});

test.each<[string, Partial<SyncFacts>, "saving" | "offline"]>([
  ["an edit is not acknowledged", { unsavedCount: 1 }, "saving"],
  ["what a reload brought back is not compared yet", { isRestoring: true }, "saving"],
  ["the connection is being made", { link: "connecting" }, "offline"],
  ["the WebSocket is off", { link: "off" }, "offline"],
  ["the WebSocket is off, though peers have everything", { link: "off", peerCount: 3 }, "offline"],
  ["the server has refused", { link: "denied" }, "offline"],
  ["the server stores nothing", { link: "not-served" }, "offline"],
  ["the room has a password", { link: "private", peerCount: 1 }, "offline"],
])("not saved: %s", (_, difference, expected) => {
  expect(syncState({ ...facts, ...difference }).state).toBe(expected);
});

test("offline says how many changes wait, and where", () => {
  expect(syncState({ ...facts, link: "off", unsavedCount: 2 }).text).toContain(
    "2 unsaved changes, kept in this browser",
  );
  expect(syncState({ ...facts, link: "off", unsavedCount: 1 }).text).toContain("1 unsaved change, kept");
  expect(syncState({ ...facts, link: "off", unsavedCount: 1, isKept: false }).text).toContain(
    "do not close this window",
  );
});

test("nothing is called saved that no server has been asked about", () => {
  const { text } = syncState({ ...facts, link: "connecting", isRestoring: true });
  expect(text).toContain("Not synced with the server yet");
});

test("with WebRTC alone it says that others have the text and no server does", () => {
  const { text } = syncState({ ...facts, link: "off", peerCount: 2, unsavedCount: 1 });
  expect(text).toContain("Connected directly only: shared with 2 other windows. 1 unsaved change");
});

test("a room with a password says who has the text instead of counting what it will never send", () => {
  const { text } = syncState({ ...facts, link: "private", peerCount: 1, unsavedCount: 7 });
  expect(text).toBe("Private room, hidden from the server: shared with 1 other window");
});
