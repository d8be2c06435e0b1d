import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import type { TestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

const connect = ({ wsUrl }: TestServer, id: string, token: string) =>
  ScriptSocket.connect(`${wsUrl}/peerjs/peerjs?key=peerjs&id=${id}&token=${token}&version=1.5.5`);

async function open(node: TestServer, id: string, token = "token"): Promise<ScriptSocket> {
  const client = await connect(node, id, token);
  expect(await client.next()).toEqual({ type: "OPEN" });
  return client;
}

describe.skipIf(isMissing("postgres"))("PeerJS clients on three nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("that ask for one id at the same moment: one gets it, the others are told that it is taken", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    const ask = async (node: TestServer, id: string, token: string) => {
      const client = await connect(node, id, token);
      const { type } = await client.next();
      return { client, type };
    };
    for (let round = 0; round < 15; round += 1) {
      const asking = cluster.nodes.map((node, index) => ask(node, `id-${round}`, `token-${index}`));
      const asked = await Promise.all(asking);
      expect(asked.map(({ type }) => type).sort()).toEqual(["ID-TAKEN", "ID-TAKEN", "OPEN"]);
      const winner = asked.find(({ type }) => type === "OPEN")?.client;
      expect([winner?.closed, winner?.unread]).toEqual([undefined, []]);
    }
  });

  test("that move from node to node while they are sent messages receive all of them, once and in order", async () => {
    await using cluster = await TestCluster.start(3, postgres);
    const [first] = cluster.nodes;
    const alice = await open(first, "alice");
    const bobs = [await open(cluster.nodes[1], "bob")];
    let said = 0;
    const say = (count: number) => {
      for (let left = count; left > 0; left -= 1) {
        said += 1;
        alice.say({ type: "OFFER", dst: "bob", payload: said });
      }
    };
    const received = () => bobs.flatMap(({ unread }) => unread.map(({ payload }) => payload));
    say(10);
    for (const node of [...cluster.nodes, ...cluster.nodes]) {
      const opening = open(node, "bob");
      say(10);
      bobs.push(await opening);
      say(10);
    }
    await eventually("all messages have arrived", () => received().length >= said);
    expect(received()).toEqual(Array.from({ length: said }, (_, index) => index + 1));
    expect(alice.unread).toEqual([]);
  });
});
