import { pino } from "pino";
import type { Part } from "../../../src/composition/part.ts";
import { serveParts } from "../../../src/composition/serve-parts.ts";
import type { PartDependencies } from "../../../src/composition/server-options.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { type Clock, systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { originPolicyOf } from "../../../src/transport/admission/origin-policy.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { NativeChannels } from "../../../src/transport/native-channel.ts";
import { testShares } from "../test-shares.ts";

export interface ServedTestPart extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `ws://127.0.0.1:<port>` */
  readonly wsUrl: string;
  readonly port: number;
}

const host = "127.0.0.1";

/** One part of a server over a real port. */
export function serveTestPart(
  changed: Partial<Limits> | undefined,
  open: (dependencies: PartDependencies) => Part,
  clock: Clock = systemClock,
): ServedTestPart {
  const limits = { ...defaultLimits, ...changed };
  const channels = new NativeChannels(limits);
  const metrics = createMetrics();
  const dependencies = {
    limits,
    clock,
    log: pino({ level: "silent" }),
    metrics,
    ...testShares(limits, metrics),
    addresses: new CountedAddresses(),
    openChannel: channels.open,
    originPolicy: originPolicyOf(host, []),
  };
  const part = open(dependencies);
  const proxies = new AddressRanges([]);
  const local = { host, port: 0, compatibilityPorts: [], basePath: "", proxies, metricsAddress: undefined };
  const served = serveParts([part], { ...dependencies, ...local, channels, assets: async () => undefined });
  return {
    url: served.url,
    wsUrl: served.url.replace("http", "ws"),
    port: served.port,
    async [Symbol.asyncDispose]() {
      await served.close(closeReasons.restart);
      await part[Symbol.asyncDispose]();
    },
  };
}
