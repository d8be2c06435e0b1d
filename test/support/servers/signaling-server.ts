import type { Authorizer } from "../../../src/auth/authorizer.ts";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import { openSignaling } from "../../../src/composition/signaling.ts";
import { administration } from "../clients/http-callers.ts";
import { type ServedTestPart, serveTestPart } from "./serve-test-part.ts";

export interface SignalingServerOptions {
  readonly authorizer: Authorizer;
  readonly limits?: Partial<Limits>;
}

/** All signaling protocols over a real port, with the test's authorizer for every one of them. */
export function startSignalingServer({ authorizer, limits }: SignalingServerOptions): ServedTestPart {
  const peerjs = { key: "peerjs", discoveryEnabled: false };
  const iceServers = { listFor: () => ({ iceServers: [], ttl: 60 }) };
  return serveTestPart(limits, (dependencies) =>
    openSignaling({ ...dependencies, authorizer, administration, peerjs, iceServers, lingerMs: 0 }),
  );
}
