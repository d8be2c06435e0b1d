import { kibibyte, type LimitValues, limits } from "../../config/limit.ts";

export const yWebrtcLimits = limits({
  topicsPerFrame: { default: 100, unit: "count", help: "topics in one subscribe or unsubscribe message" },
  pendingTopicBytes: {
    default: 64 * kibibyte,
    unit: "bytes",
    help: "received for topics of one connection that are not authorized yet",
    beyond: "delayed",
  },
  peerIdsPerSubscriber: {
    default: 8,
    unit: "count",
    help: "peer ids by which one subscriber of a topic is reached: the last ones that it has used",
  },
});

export type YWebrtcLimits = LimitValues<typeof yWebrtcLimits>;
