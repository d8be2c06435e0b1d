/** A URL of a STUN or TURN server (RFC 7064, RFC 7065), as in `iceServers`. */
export interface ServerUrl {
  readonly kind: "stun" | "turn";
  readonly transport: "udp" | "tcp" | "tls";
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A STUN URL has no transport. */
const schemes: Readonly<Record<string, Pick<ServerUrl, "kind" | "transport">>> = {
  stun: { kind: "stun", transport: "udp" },
  stuns: { kind: "stun", transport: "tls" },
  turn: { kind: "turn", transport: "udp" },
  "turn?transport=udp": { kind: "turn", transport: "udp" },
  "turn?transport=tcp": { kind: "turn", transport: "tcp" },
  turns: { kind: "turn", transport: "tls" },
  "turns?transport=tcp": { kind: "turn", transport: "tls" },
};
const form = /^(stuns?|turns?):(\[[0-9a-f:.]+\]|[^[\]:?/@\s]+)(?::(\d{1,5}))?(\?transport=(?:udp|tcp))?$/i;

/** Undefined for any other text, and for DTLS (`turns:` over UDP), which browsers do not support. */
export function parseServerUrl(text: string): ServerUrl | undefined {
  const [, scheme = "", host = "", digits, given = ""] = form.exec(text) ?? [];
  const server = schemes[`${scheme}${given}`.toLowerCase()];
  if (server === undefined) return undefined;
  const port = Number(digits ?? (server.transport === "tls" ? 5_349 : 3_478));
  return port >= 1 && port <= 65_535 ? { ...server, host: host.replace(/^\[(.*)\]$/, "$1"), port } : undefined;
}
