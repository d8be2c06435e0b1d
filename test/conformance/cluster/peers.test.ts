import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { SocketIoDevice } from "../../support/clients/socket-io/socket-io-device.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

const success = [null, "success"];

describe.skipIf(isMissing("postgres"))("devices of Peers on two nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("are announced to each other, exchange messages, and share one list of ids", async () => {
    await using cluster = await TestCluster.start(2, postgres);
    const [here, there] = cluster.nodes;
    using alice = new SocketIoDevice(here.url);
    using bob = new SocketIoDevice(there.url);
    using thief = new SocketIoDevice(there.url);
    expect(await alice.register("alice", "group")).toEqual(success);
    const early = { connectionId: "1", fromDeviceId: "alice", toDeviceId: "bob", sdi: { sdp: "v=0" } };
    expect(await alice.ask("offer", early)).toEqual(success);
    expect(await bob.register("bob", "group")).toEqual(success);
    expect(await alice.next(1)).toEqual([["device-online", "bob"]]);
    expect(await bob.next(1)).toEqual([["offer", early]]);
    const large = { ...early, connectionId: "2", fromDeviceId: "bob", toDeviceId: "alice", sdi: "é".repeat(20_000) };
    bob.socket.emit("answer", large);
    expect(await alice.next(1)).toEqual([["answer", large]]);
    expect(await thief.register("alice")).toEqual(["Device id in use"]);
    bob.socket.disconnect();
    expect(await alice.next(1)).toEqual([["device-offline", "bob"]]);
    expect(await thief.register("bob")).toEqual(success);
  });
});
