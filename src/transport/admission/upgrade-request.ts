import type { HttpRefusal } from "../protocol.ts";

/** The fault of a handshake, and the answer to it. */
export interface HandshakeFault extends HttpRefusal {
  /** The header that is missing or wrong, in words. */
  readonly fault: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The remedy for a handshake that lacks headers, which browsers always send. */
export const handshakeRemedy =
  "If a reverse proxy is in front of Yurt, it does not pass WebSocket upgrades on: " +
  "let it speak HTTP/1.1 and send the client's Upgrade and Connection headers.";

const version = "13";
/** RFC 6455 §4.1: 16 bytes in base64. */
const keyPattern = /^[A-Za-z0-9+/]{22}==$/;
/** RFC 9110 §15.5.22: the answer names the protocol that the client has to ask for. */
const upgradeHeaders = { connection: "Upgrade", upgrade: "websocket" };

/** Whether the request asks for the upgrade to a WebSocket. */
export function isUpgrade({ headers }: Pick<Request, "headers">): boolean {
  return hasToken(headers.get("upgrade"), "websocket");
}

/** Whether the request is a WebSocket handshake, complete or not: proxies remove `Upgrade`, but not the other headers. */
export function isHandshake(request: Pick<Request, "headers">): boolean {
  const { headers } = request;
  return isUpgrade(request) || headers.has("sec-websocket-key") || headers.has("sec-websocket-version");
}

/** Returns what is wrong with a WebSocket handshake (RFC 6455 §4.2.1); undefined if it is complete. */
export function faultOf({ method, headers }: Pick<Request, "method" | "headers">): HandshakeFault | undefined {
  if (method !== "GET") return refusal(400, `the method is ${method} instead of GET`);
  if (!headers.has("upgrade")) return refusal(426, "the header Upgrade is missing", upgradeHeaders);
  if (!isUpgrade({ headers })) return refusal(426, "the header Upgrade does not name websocket", upgradeHeaders);
  const connection = headers.get("connection");
  if (connection === null) return refusal(426, "the header Connection is missing", upgradeHeaders);
  if (!hasToken(connection, "upgrade")) {
    return refusal(426, "the header Connection does not name Upgrade", upgradeHeaders);
  }
  const key = headers.get("sec-websocket-key");
  if (key === null) return refusal(400, "the header Sec-WebSocket-Key is missing");
  if (!keyPattern.test(key)) return refusal(400, "the header Sec-WebSocket-Key is not 16 bytes in base64");
  const asked = headers.get("sec-websocket-version");
  const answered = { ...upgradeHeaders, "sec-websocket-version": version };
  if (asked === null) return refusal(426, "the header Sec-WebSocket-Version is missing", answered);
  return asked === version ? undefined : refusal(426, `the header Sec-WebSocket-Version is not ${version}`, answered);
}

/** The answer to a request without any sign of a handshake, on a path of WebSockets. */
export const upgradeRequired: HandshakeFault = refusal(426, "the header Upgrade is missing", upgradeHeaders);

function refusal(status: number, fault: string, headers: Readonly<Record<string, string>> = {}): HandshakeFault {
  return { status, fault, headers, message: `Not a WebSocket handshake: ${fault}. ${handshakeRemedy}\n` };
}

/** Whether a list of tokens (RFC 9110 §5.6.1) has this one. */
function hasToken(list: string | null, token: string): boolean {
  return list?.split(",").some((element) => element.trim().toLowerCase() === token) === true;
}
