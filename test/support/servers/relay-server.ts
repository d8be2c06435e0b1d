import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { openRelay } from "../../../src/composition/relay.ts";
import type { PartDependencies } from "../../../src/composition/server-options.ts";
import type { Limits } from "../../../src/composition/settings/limits.ts";
import type { Clock } from "../../../src/lib/time/clock.ts";
import { InlineCompactor } from "../fakes/inline-compactor.ts";
import { openMemoryStore } from "../fakes/memory-store.ts";
import { type ServedTestPart, serveTestPart } from "./serve-test-part.ts";

export interface RelayServerOptions {
  readonly authorizer: Authorizer;
  readonly limits?: Partial<Limits>;
  /** The system's clock by default. */
  readonly clock?: Clock;
}

/** The relay over a real port, with the test's authorizer and documents in memory. */
export function startRelayServer({ authorizer, limits, clock }: RelayServerOptions): ServedTestPart {
  const open = (dependencies: PartDependencies) =>
    openRelay(openMemoryStore(), {
      ...dependencies,
      authorizer,
      compactor: new InlineCompactor(),
      durability: "disk",
      acknowledgementWindowMs: 20,
      documentMemoryBytes: 256 * 2 ** 20,
      keepsDeleted: () => false,
      historyKeepMs: () => 0,
      readersShowPresence: true,
      lingerMs: 1_000,
    });
  return serveTestPart(limits, open, clock);
}
