import type { IceEndpoint } from "../diagnosis/ice-server.ts";
import type { HostAddresses, IceError, NatMapping, UrlOutcome } from "../diagnosis/measurements.ts";

/** Chromium gives a server up after 9.5 seconds. */
const limitMs = 14_000;

interface Gathering {
  readonly candidates: readonly RTCIceCandidate[];
  readonly errors: readonly IceError[];
  /** False if the time limit ended it, or the first candidate that was wanted. */
  readonly isComplete: boolean;
  readonly elapsedMs: number;
}

/** Gathers candidates until one is wanted, or there are no more. Throws if the browser does not accept `configuration`. */
async function gather(
  configuration: RTCConfiguration,
  isWanted: (candidate: RTCIceCandidate) => boolean,
): Promise<Gathering> {
  const connection = new RTCPeerConnection(configuration);
  const startedAt = performance.now();
  const candidates: RTCIceCandidate[] = [];
  const errors: IceError[] = [];
  const ended = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => ended.resolve(false), limitMs);
  connection.addEventListener("icecandidate", ({ candidate }) => {
    if (candidate === null) return ended.resolve(true);
    if (candidate.candidate === "") return;
    candidates.push(candidate);
    if (isWanted(candidate)) ended.resolve(false);
  });
  connection.addEventListener("icecandidateerror", ({ errorCode, errorText }) => {
    errors.push({ code: errorCode, text: errorText });
  });
  try {
    connection.createDataChannel("check");
    await connection.setLocalDescription();
    const isComplete = await ended.promise;
    return { candidates, errors, isComplete, elapsedMs: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** Tests one URL of a STUN or TURN server by itself. */
export async function testUrl(endpoint: IceEndpoint): Promise<UrlOutcome> {
  const isTurn = endpoint.kind === "turn";
  const type = isTurn ? "relay" : "srflx";
  try {
    const { candidates, errors, isComplete, elapsedMs } = await gather(
      { iceServers: [configurationOf(endpoint)], iceTransportPolicy: isTurn ? "relay" : "all" },
      (candidate) => candidate.type === type,
    );
    const found = candidates.find((candidate) => candidate.type === type);
    if (found !== undefined) return { kind: "address", address: addressOf(found), elapsedMs };
    return { kind: isComplete ? "none" : "timeout", errors, elapsedMs };
  } catch (error) {
    return { kind: "invalid", message: messageOf(error) };
  }
}

/** One URL in the shape of the browser. */
export function configurationOf({ url, server: { username, credential } }: IceEndpoint): RTCIceServer {
  return { urls: url, ...(username !== undefined && { username }), ...(credential !== undefined && { credential }) };
}

export async function gatherHostAddresses(): Promise<HostAddresses> {
  const { candidates } = await gather({}, () => false);
  const addresses = candidates.filter(({ type, protocol }) => type === "host" && protocol === "udp");
  const names = new Set(addresses.map(({ address }) => address ?? ""));
  return { addresses: [...names], isHidden: [...names].some((name) => name.endsWith(".local")) };
}

/** Compares the addresses at which several STUN servers see the same local port. */
export async function compareMappings(endpoints: readonly IceEndpoint[]): Promise<NatMapping> {
  const { candidates } = await gather({ iceServers: endpoints.map(configurationOf) }, () => false);
  const reflexive = candidates.filter(({ type, address }) => type === "srflx" && address?.includes(".") === true);
  // With several networks, each local port has an address of its own: only the first one is compared.
  const [first] = reflexive;
  const ofOnePort = reflexive.filter(
    ({ relatedAddress, relatedPort }) => relatedAddress === first?.relatedAddress && relatedPort === first?.relatedPort,
  );
  return { mapped: [...new Set(ofOnePort.map(addressOf))] };
}

function addressOf({ address, port }: RTCIceCandidate): string {
  const host = address ?? "an unknown address";
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The reason in words. Firefox has none but "[Exception …]" for some, such as the ports that it blocks. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error) || error.message.startsWith("[")) return "";
  return error.message;
}
