import type { Arrival } from "../../../admin/probe-api.ts";
import { mintBeside } from "../../../composition/access/own-minter.ts";
import { tlsModeOf } from "../../../composition/settings/https/https-settings.ts";
import type { AddressRanges } from "../../../lib/address/address-ranges.ts";
import type { Examination } from "../examination.ts";
import { describeFetchError, fetchFrom, fetchLocally } from "../fetch-from.ts";
import type { Finding } from "../finding.ts";
import { askForUpgrade } from "../websocket-handshake.ts";

const check = "Public URL";
const tokenLifetimeMs = 60_000;

/** How a request arrives that takes the way of the clients. */
export async function checkPublicUrl(examination: Examination): Promise<readonly Finding[]> {
  const { isRunning, localUrl, values } = examination;
  const publicUrl = values["public-url"];
  if (publicUrl === undefined || !isRunning || localUrl === undefined) return [];
  const base = publicUrl.href.replace(/\/$/, "");
  try {
    const response = await fetchFrom(`${base}/healthz`);
    const text = await response.text();
    if (text !== "ok\n") return [notYurt(base, response.status, text)];
  } catch (error) {
    const remedy = "Check the name in DNS, the firewall (yurt ports), the proxy and its certificate.";
    const message = `${base} cannot be reached from this machine: ${describeFetchError(error)}.`;
    return [{ check, status: "fail", message, remedy }];
  }
  return [
    { check, status: "ok", message: `${base} reaches the server.` },
    await checkUpgrade(base),
    ...(await checkArrival(base, examination)),
  ];
}

function notYurt(base: string, status: number, text: string): Finding {
  const [line = ""] = text.split("\n", 1);
  return {
    check,
    status: "fail",
    message: `${base}/healthz answers ${status} "${line.slice(0, 200)}", not as Yurt does.`,
    remedy: "Let the proxy forward all paths below that URL, with the Host that the client sent.",
  };
}

/** On `/signal`, which opens no document. A refusal for want of a token shows as well that the headers have arrived. */
async function checkUpgrade(base: string): Promise<Finding> {
  try {
    const { status, text } = await askForUpgrade(`${base}/signal`);
    const hasArrived = status === 101 || status === 401 || status === 403 || status === 503;
    if (hasArrived) return { check: "WebSocket", status: "ok", message: `WebSockets reach the server at ${base}.` };
    const [line = ""] = text.split("\n", 1);
    const message = `A WebSocket at ${base}/signal is answered with ${status} "${line.slice(0, 200)}".`;
    const remedy = "Let the proxy speak HTTP/1.1 to Yurt, and send the client's Upgrade and Connection headers.";
    return { check: "WebSocket", status: "fail", message, remedy };
  } catch (error) {
    const message = `A WebSocket at ${base}/signal fails: ${describeFetchError(error)}.`;
    return { check: "WebSocket", status: "fail", message, remedy: "Let the proxy pass WebSockets on." };
  }
}

async function checkArrival(base: string, { localUrl, values }: Examination): Promise<readonly Finding[]> {
  try {
    const minted = await mintBeside(values, {
      rooms: new Map(),
      user: undefined,
      isAdmin: true,
      lifetimeMs: tokenLifetimeMs,
    });
    if (minted === "too-long") return [];
    const headers = { authorization: `Bearer ${minted.token}` };
    const made = await fetchLocally(`${localUrl}/api/probes`, { method: "POST", headers });
    if (!made.ok) return [unknownArrival(`the server refused to help (${made.status})`)];
    const { id } = (await made.json()) as { readonly id: string };
    const response = await fetchFrom(`${base}/api/probes/${id}`);
    if (!response.ok) return [unknownArrival(`${base} answered with ${response.status}`)];
    const arrival = (await response.json()) as Arrival;
    return arrivalFindings(arrival, {
      publicUrl: new URL(base),
      proxies: values["proxy.trusted"],
      isEncrypted: tlsModeOf(values) !== "off",
    });
  } catch (error) {
    return [unknownArrival(describeFetchError(error))];
  }
}

function unknownArrival(reason: string): Finding {
  return { check: "Proxy", status: "warn", message: `The headers of the proxy could not be examined: ${reason}.` };
}

interface ExpectedArrival {
  readonly publicUrl: URL;
  /** The trusted proxies. */
  readonly proxies: Pick<AddressRanges, "isEmpty">;
  /** Whether the server itself does HTTPS: then it needs no proxy. */
  readonly isEncrypted: boolean;
}

/** Finds what a proxy does not pass on, or the server does not accept. */
export function arrivalFindings(
  { remoteAddress, headers }: Arrival,
  { publicUrl, proxies, isEncrypted }: ExpectedArrival,
): readonly Finding[] {
  const findings: Finding[] = [];
  const { host = "", "x-forwarded-for": forwardedFor } = headers;
  if (host !== publicUrl.host) {
    findings.push({
      check: "Proxy",
      status: "warn",
      message: `Requests arrive with Host ${host}, not ${publicUrl.host}: pages of your domain have a foreign origin.`,
      remedy: "Let the proxy pass on the Host of the client, in nginx with proxy_set_header Host $host.",
    });
  }
  if (forwardedFor === undefined && isEncrypted) {
    findings.push({ check: "Proxy", status: "ok", message: "None: clients reach the server directly." });
  } else if (forwardedFor === undefined) {
    findings.push({
      check: "Proxy",
      status: "warn",
      message: `Requests arrive without X-Forwarded-For: all clients appear with the address ${remoteAddress}, and share its limits.`,
      remedy: "Let the proxy add X-Forwarded-For. Without a proxy, ignore this.",
    });
  } else if (proxies.isEmpty || !isAmong(forwardedFor, remoteAddress)) {
    findings.push({
      check: "Proxy",
      status: "warn",
      message: `X-Forwarded-For of the proxy ${remoteAddress} is not accepted: all clients appear with its address.`,
      remedy: `Start Yurt with --proxy-trusted ${remoteAddress}.`,
    });
  }
  if (findings.length > 0) return findings;
  return [
    { check: "Proxy", status: "ok", message: `Passes Host on, and the address of this machine as ${remoteAddress}.` },
  ];
}

/** The server accepts the header if the client's address is one of those in it. */
function isAmong(forwardedFor: string, address: string): boolean {
  return forwardedFor.split(",").some((hop) => hop.trim().replace(/^::ffff:/, "") === address);
}
