import { describe, expect, test } from "bun:test";
import { documentName } from "../../../src/relay/y-websocket/protocol.ts";

describe("a document's name", () => {
  test.each([
    ["/sync/notes", "notes"],
    ["/sync/my%20notes", "my notes"],
    ["/sync/my notes", "my notes"],
    ["/sync/team/notes", "team/notes"],
    ["/sync/team%2Fnotes", "team/notes"],
    ["/sync/caf%C3%A9", "café"],
    ["/sync/café", "café"],
    ["/sync/100%", "100%"],
    ["/sync/100%25", "100%"],
    ["/sync/%2541", "%41"],
    ["/sync/bad%ff%20end", "bad%ff%20end"],
    ["/sync/half%C3%20bad", "half%C3%20bad"],
    ["/sync/notes?token=x", "notes"],
    ["/sync/__proto__", "__proto__"],
    ["/sync/", ""],
    ["/sync", ""],
    ["/parties/main/notes", "notes"],
    ["/parties/main/my%20notes?_pk=x", "my notes"],
    ["/parties/team/notes", "parties/team/notes"],
    ["/parties/main", "parties/main"],
    ["/parties/main/", ""],
    ["/parties/maintenance/notes", "parties/maintenance/notes"],
    ["/sync/parties/team/notes", "parties/team/notes"],
  ])("of %s is %j", (path, name) => {
    expect(documentName(new URL(path, "ws://127.0.0.1"))).toBe(name);
  });
});
