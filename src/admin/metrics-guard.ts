import type { Administration } from "../auth/administration.ts";
import { whyNotLocal } from "../lib/address/local-request.ts";
import { bearerToken } from "../lib/bearer-token.ts";
import { isSameSecret } from "../lib/same-secret.ts";
import { httpStatusOf } from "../rooms/denial.ts";
import type { HttpRefusal } from "../transport/protocol.ts";

export interface MetricsPolicy {
  /** The token for the metrics alone; undefined for none. */
  readonly token: string | undefined;
  /** Why programs on this machine need a token as well; undefined if they need none. */
  readonly whyTokenIsNeededHere: string | undefined;
}

export interface MetricsGuardOptions extends MetricsPolicy {
  /** Decides on every token but the one for the metrics. */
  readonly administration: Administration;
}

const remedy =
  "Send the value of metrics.token, or an administrator's token, as Authorization: Bearer. " +
  "The address of --metrics-listen needs none.";

/**
 * Decides who may read the metrics: whoever shows the metrics token or an administrator's token. A program on this
 * machine needs neither, unless `whyTokenIsNeededHere` is set.
 */
export class MetricsGuard {
  readonly #administration: Administration;
  #policy: MetricsPolicy;

  constructor({ administration, ...policy }: MetricsGuardOptions) {
    this.#administration = administration;
    this.#policy = policy;
  }

  /** Takes over another token, and whether programs on this machine need it. */
  reload(policy: MetricsPolicy): void {
    this.#policy = policy;
  }

  /** Why the sender of the request may not read the metrics, and the remedy; undefined if it may. */
  async refuse(request: Request, remoteAddress: string): Promise<HttpRefusal | undefined> {
    const { token: metricsToken } = this.#policy;
    const token = bearerToken(request.headers.get("authorization"));
    if (token === undefined) {
      const why = whyNotLocal(remoteAddress, request.headers) ?? this.#policy.whyTokenIsNeededHere;
      return why === undefined ? undefined : { status: 401, message: `Metrics need a token: ${why}. ${remedy}\n` };
    }
    if (metricsToken !== undefined && isSameSecret(token, metricsToken)) return undefined;
    const denial = await this.#administration.refuse(request);
    return denial && { status: httpStatusOf(denial), message: `No metrics: ${denial.reason}. ${remedy}\n` };
  }
}
