import type { Administration } from "../auth/administration.ts";
import { isLoopback } from "../lib/address/loopback.ts";
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

/** The headers by which a proxy shows that it has forwarded a request. */
const forwardingHeaders = [
  ...["forwarded", "via", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
] as const;

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
      const why = this.#whyTokenIsNeeded(remoteAddress, request.headers);
      return why === undefined ? undefined : { status: 401, message: `Metrics need a token: ${why}. ${remedy}\n` };
    }
    if (metricsToken !== undefined && isSameSecret(token, metricsToken)) return undefined;
    const denial = await this.#administration.refuse(request);
    return denial && { status: httpStatusOf(denial), message: `No metrics: ${denial.reason}. ${remedy}\n` };
  }

  #whyTokenIsNeeded(remoteAddress: string, headers: Headers): string | undefined {
    if (!isLoopback(remoteAddress)) return "the request does not come from this machine";
    const header = forwardingHeaders.find((name) => headers.has(name));
    if (header !== undefined) return `the request came through a proxy (it has the header ${header})`;
    const host = URL.parse(`http://${headers.get("host")}`)?.hostname;
    if (host === undefined || !isLoopback(host)) return "the request names a Host that is not this machine";
    return this.#policy.whyTokenIsNeededHere;
  }
}
