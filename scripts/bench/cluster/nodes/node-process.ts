/**
 * One node of `cluster-nodes`: `bun node-process.ts <place and load as JSON>`.
 *
 * It sends "ready" to its parent when its members are in sync, answers each `NodeRequest`, and ends with its parent.
 */
import { type NodePlace, openNodeRooms } from "./node-rooms.ts";
import { type NodeLoad, NodeTraffic } from "./node-traffic.ts";

export type NodeRequest =
  /** Answered with "done", as `NodeTraffic.pace`. */
  | { readonly type: "pace"; readonly count: number; readonly perSecond: number }
  /** Answered with `CommitCounts`. */
  | { readonly type: "commit-counts" }
  /** Answered with `NodeTimes`. */
  | { readonly type: "times" };

const options: NodePlace & NodeLoad = JSON.parse(process.argv[2] ?? "");
const rooms = await openNodeRooms(options);
const traffic = await NodeTraffic.join(rooms, options);
// The parent sends the next request when it has the answer to the last one. A failure ends the process.
process.on("message", async (request: NodeRequest) => process.send?.(await answerTo(request)));
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

async function answerTo(request: NodeRequest) {
  switch (request.type) {
    case "pace":
      await traffic.pace(request.count, request.perSecond);
      return "done";
    case "commit-counts":
      return rooms.commitCounts();
    case "times":
      return traffic.times;
  }
}
