import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliveryDelays } from "../../../../scripts/bench/cluster/nodes/delivery-delays.ts";
import { openNodeRooms } from "../../../../scripts/bench/cluster/nodes/node-rooms.ts";
import { NodeTraffic } from "../../../../scripts/bench/cluster/nodes/node-traffic.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";

setDefaultTimeout(30_000);

test.skipIf(isMissing("postgres"))(
  "every update of a node without ports is delivered on the others, after it was created",
  async () => {
    await using closing = new AsyncDisposableStack();
    const folder = closing.adopt(mkdtempSync(join(tmpdir(), "yurt-bench-nodes-")), (path) =>
      rmSync(path, { recursive: true, force: true }),
    );
    const postgres = closing.use(await PostgresServer.start({ isDurable: true }));
    const clusterUrl = await postgres.newSchema();
    const load = { nodes: 2, rooms: 3, updates: 6 };
    const nodes: NodeTraffic[] = [];
    const counts: (() => number)[] = [];
    for (let node = 0; node < load.nodes; node += 1) {
      const rooms = closing.use(await openNodeRooms({ clusterUrl, dataFolder: join(folder, `${node}`) }));
      const traffic = closing.adopt(await NodeTraffic.join(rooms, { ...load, node }), (joined) => joined.leave());
      nodes.push(traffic);
      counts.push(() => rooms.commitCounts().updates);
    }
    const pace = (count: number) => Promise.all(nodes.map((node) => node.pace(count, 1_000)));
    await pace(2);
    expect(counts.map((count) => count())).toEqual([6, 6]);
    await pace(4);
    expect(counts.map((count) => count())).toEqual([18, 18]);
    const delays = deliveryDelays(
      nodes.map(({ times }) => times),
      { updates: load.updates, first: 2 },
    );
    expect(delays).toHaveLength(24);
    for (const delay of delays) expect(delay).toBeWithin(0.01, 30_000);
  },
);
