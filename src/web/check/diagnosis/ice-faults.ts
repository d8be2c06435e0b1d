import type { IceEndpoint } from "./ice-server.ts";
import type { IceError, UrlOutcome } from "./measurements.ts";

/** The reason why an ICE server gave no address. */
export type IceFault =
  | "wrong-credential"
  | "unresolved"
  | "unreachable"
  | "quota"
  | "full"
  | "forbidden"
  | "blocked-port"
  | "invalid"
  | "other";

/** The test of one URL. */
export interface TestedEndpoint {
  readonly endpoint: IceEndpoint;
  readonly outcome: UrlOutcome;
}

/**
 * The fault of an endpoint; undefined if the server answered. A TURN server answers with an address. A STUN server may
 * answer with one that the browser has already, and does not report.
 */
export function faultOf({ endpoint, outcome }: TestedEndpoint, reportsIceErrors: boolean): IceFault | undefined {
  switch (outcome.kind) {
    case "address":
      return undefined;
    case "invalid":
      return "invalid";
    case "timeout":
      return faultOfErrors(outcome.errors) ?? "unreachable";
    case "none": {
      const fault = faultOfErrors(outcome.errors);
      if (fault !== undefined || !reportsIceErrors) return fault ?? "other";
      // Chromium reports no error for a TCP connection that is refused.
      return endpoint.kind === "stun" ? undefined : "unreachable";
    }
  }
}

/** The most telling fault: a browser tries each local address, and some of them never reach the server. */
function faultOfErrors(errors: readonly IceError[]): IceFault | undefined {
  const faults = errors.map(faultOfError);
  return faults.find((fault) => fault !== "unreachable") ?? faults[0];
}

function faultOfError({ code, text }: IceError): IceFault {
  switch (code) {
    case 401:
      return "wrong-credential";
    case 403:
      return "forbidden";
    case 486:
      return "quota";
    case 508:
      return "full";
    default:
      return faultOfText(code, text);
  }
}

/** Chromium reports some faults, for which RFC 8489 has no code, only in the text of the error. */
function faultOfText(code: number, text: string): IceFault {
  if (/disallowed port/i.test(text)) return "blocked-port";
  if (/lookup|resolve/i.test(text)) return "unresolved";
  return code === 701 ? "unreachable" : "other";
}

/** Whether the server answered, with an address or with an error. */
export function hasAnswered(tested: TestedEndpoint, reportsIceErrors: boolean): boolean {
  const fault = faultOf(tested, reportsIceErrors);
  return fault === undefined || ["wrong-credential", "quota", "full", "forbidden"].includes(fault);
}

const transportNames = { udp: "UDP", tcp: "TCP", tls: "TLS" } as const;

export function nameOf({ kind, transport }: IceEndpoint): string {
  return `${kind.toUpperCase()} over ${transportNames[transport]}`;
}

/** The port that a firewall has to let through, such as "UDP port 3478". */
export function portOf({ transport, port }: IceEndpoint): string {
  return `${transport === "udp" ? "UDP" : "TCP"} port ${port}`;
}
