import { expect, test } from "bun:test";
import { type SyncFacts, syncState } from "../../src/web/demo/saving/sync-state.ts";

const facts: SyncFacts = {
  link: "connected",
  access: "write",
  unsavedCount: 0,
  isRestoring: false,
  peerCount: 0,
  savingPeerCount: 0,
  isKept: true,
};

test('the state is "saved" when the server is connected and has everything', () => {
  expect(syncState(facts).state).toBe("saved");
});

test.each<[string, Partial<SyncFacts>, "saving" | "shared" | "offline"]>([
  ["an edit is not acknowledged", { unsavedCount: 1 }, "saving"],
  ["restored text is not compared with the server yet", { isRestoring: true }, "saving"],
  ["the access is not known yet", { access: "unknown" }, "saving"],
  ["the connection is being made", { link: "connecting" }, "offline"],
  ["the WebSocket is off", { link: "off" }, "offline"],
  ["the WebSocket is off, though peers have everything", { link: "off", peerCount: 3 }, "shared"],
  ["the server has denied access", { link: "denied" }, "offline"],
  ["the server has denied access, though peers have everything", { link: "denied", peerCount: 1 }, "offline"],
  ["the server stores nothing", { link: "not-served" }, "offline"],
  ["the room has a password", { link: "private", peerCount: 1 }, "shared"],
])('the state is not "saved" while %s', (_, difference, expected) => {
  expect(syncState({ ...facts, ...difference }).state).toBe(expected);
});

test("a window that may only read never says that it is saved", () => {
  for (const link of ["connected", "connecting", "off", "denied"] as const) {
    for (const unsavedCount of [0, 1]) {
      const { state, text } = syncState({ ...facts, link, access: "read", unsavedCount });
      expect(state).not.toBe("saved");
      expect(text).not.toMatch(/^Saved/);
    }
  }
  expect(syncState({ ...facts, access: "read" })).toEqual({
    state: "read-only",
    text: "Read only: your edits are not saved",
  });
});

test("the offline text gives the number of unsaved changes and where they are kept", () => {
  expect(syncState({ ...facts, link: "off", unsavedCount: 2 }).text).toContain(
    "2 unsaved changes, kept in this browser",
  );
  expect(syncState({ ...facts, link: "off", unsavedCount: 1 }).text).toContain("1 unsaved change, kept");
  expect(syncState({ ...facts, link: "off", unsavedCount: 1, isKept: false }).text).toContain(
    "do not close this window",
  );
});

test("restored text is not called saved before the server was asked", () => {
  const { text } = syncState({ ...facts, link: "connecting", isRestoring: true });
  expect(text).toContain("Not synced with the server yet");
});

test("over WebRTC alone, the text gives the number of other windows and of unsaved changes", () => {
  const { text } = syncState({ ...facts, link: "off", peerCount: 2, unsavedCount: 1 });
  expect(text).toContain("Connected directly only: shared with 2 other windows. 1 unsaved change");
});

test("over WebRTC alone, the text does not alarm while a window that is on the server saves the edits", () => {
  const { state, text } = syncState({ ...facts, link: "off", peerCount: 1, savingPeerCount: 1, unsavedCount: 1 });
  expect(state).toBe("shared");
  expect(text).toBe("Connected directly only: shared with 1 other window, which saves your edits");
});

test("a room with a password gives the number of other windows, and never counts unsaved changes", () => {
  const { text } = syncState({ ...facts, link: "private", peerCount: 1, unsavedCount: 7 });
  expect(text).toBe("Private room, hidden from the server: shared with 1 other window");
});
