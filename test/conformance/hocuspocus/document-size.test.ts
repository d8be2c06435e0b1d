import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { HocuspocusClients, kinds, saved } from "../../support/clients/hocuspocus-clients.ts";
import { converged } from "../../support/clients/providers.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

describe.each([...kinds])("a provider of version $label", (kind) => {
  test("that pastes too much has unsaved changes until its user has undone it, and is never denied", async () => {
    await using server = await startTestServer({ limits: { documentBytes: 100_000 } });
    await using clients = new HocuspocusClients(kind, server.wsUrl);
    const socket = clients.openSocket();
    const [one, small] = [clients.attach("pasted", { socket }), clients.attach("small", { socket })];
    const other = clients.attach("pasted");
    await Promise.all([one, small, other].map(saved));
    const undo = new Y.UndoManager(one.text, { captureTimeout: 0 });
    one.text.insert(0, "before ");
    await converged([one, other]);
    one.text.insert(0, "x".repeat(200_000));
    one.doc.transact(() => one.text.insert(one.text.length, "after it "), "not tracked");
    typist(small.text, "y")(10);
    await saved(small);
    await pause(100);
    expect(one.provider.unsyncedChanges).toBe(2);
    expect(other.text.toString()).toBe("before ");
    undo.undo();
    await saved(one);
    await converged([one, other]);
    expect(other.text.toString()).toBe("before after it ");
    typist(one.text, "z")(10);
    await saved(one);
    await converged([one, other]);
    await eventually("nothing is unsaved", () => one.provider.unsyncedChanges === 0);
    expect([one.failures, socket.status]).toEqual([[], "connected"]);
  });
});
