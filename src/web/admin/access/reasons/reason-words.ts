/** A reason for a refusal in words, and what helps. */
export interface ReasonWords {
  /** A sentence without its full stop. */
  readonly title: string;
  readonly remedy: string;
}

const addressLimit =
  "If the address is your reverse proxy's, name it with proxy.trusted. If many users share it, raise the limit.";

/** By the code of a denial, the name of a close reason, or the reason of a refused connection. */
const words: Readonly<Record<string, ReasonWords>> = {
  "no-token": {
    title: "The client sent no token",
    remedy:
      "Pass the token on: y-websocket in params, Hocuspocus in token, y-webrtc as ?token= in the URL of its signaling server.",
  },
  "malformed-token": {
    title: "The token cannot be read",
    remedy:
      "Send a whole JSON Web Token with an expiry (exp). An API key (yk_…) is not a token: it works with the HTTP API only.",
  },
  "bad-signature": {
    title: "The token is signed with another secret",
    remedy:
      "Sign tokens with this server's secret (auth.secret), or create them here. Tokens of another server are not accepted.",
  },
  expired: {
    title: "The token has expired",
    remedy: "Give the client a new token, where its library reads it when it reconnects.",
  },
  "not-yet-valid": {
    title: "The token is not valid yet",
    remedy: "Its start (nbf) is in the future: compare the clock of the machine that signs tokens with this server's.",
  },
  "wrong-issuer": {
    title: "The token is from another issuer",
    remedy: "Set its claim iss to the value of auth.issuer.",
  },
  "wrong-audience": {
    title: "The token is for another audience",
    remedy: "Set its claim aud to the value of auth.audience.",
  },
  revoked: {
    title: "The permission was revoked",
    remedy: "Create a new token if the user may enter again. The old one is rejected until it expires.",
  },
  "wrong-room": {
    title: "The token is for other rooms",
    remedy: "Create a token that names this room, or a pattern that matches it.",
  },
  "not-admin": {
    title: "The token is not an administrator's",
    remedy: "Create one with yurt token --admin.",
  },
  refused: {
    title: "The application denied access",
    remedy: "Check your application: its webhook answered none, or 403.",
  },
  unavailable: {
    title: "Access could not be decided",
    remedy: "The webhook or the key set of the application does not answer. The log has the cause. Clients try again.",
  },
  deleted: {
    title: "The document is deleted",
    remedy: "Undelete it under Documents if clients may enter it again.",
  },
  disconnected: {
    title: "An administrator disconnected the client",
    remedy: "It may return. To keep it out, revoke its token.",
  },
  host: {
    title: "The request names an unknown host",
    remedy: "Name the URL that clients use with public-url, or open the server as 127.0.0.1 or localhost.",
  },
  origin: {
    title: "Pages of this origin may not connect",
    remedy: "Add the origin to auth.origins if its pages may connect.",
  },
  path: {
    title: "No WebSocket is served on this path",
    remedy: "Correct the URL: /sync for y-websocket, /collab for Hocuspocus, /signal for y-webrtc.",
  },
  handshake: {
    title: "The WebSocket handshake is incomplete",
    remedy: "A proxy removed a header: let it forward Upgrade and Connection.",
  },
  restart: { title: "The server was stopping", remedy: "Nothing to do: clients reconnect by themselves." },
  connections: {
    title: "Too many connections in total",
    remedy: "Raise limits.connections, if the machine can handle it.",
  },
  rate: {
    title: "Too many new connections at once",
    remedy: "Clients try again. Raise limits.upgrades-per-second if this continues.",
  },
  "address-connections": { title: "Too many connections from one address", remedy: addressLimit },
  "address-rate": { title: "Too many new connections from one address", remedy: addressLimit },
  "engine-sessions": { title: "Too many Socket.IO sessions", remedy: "Raise limits.engine-sessions." },
  unauthenticated: {
    title: "The connection had no valid token",
    remedy: "See the denial that was logged at the same time.",
  },
  unauthorized: { title: "Access was denied", remedy: "See the denial that was logged at the same time." },
  forbidden: { title: "Access was forbidden", remedy: "See the denial that was logged at the same time." },
  "grant-expired": {
    title: "The permission expired",
    remedy: "Give the client a new token, where its library reads it when it reconnects.",
  },
  "malformed-frame": {
    title: "The client broke its protocol",
    remedy: "Check that the client library matches the path, and its version.",
  },
  "frame-too-large": { title: "A message was too large", remedy: "Split large content into several updates." },
  "rate-limited": { title: "The client sent too many messages", remedy: "The detail names the limit." },
  "room-full": { title: "The room is full", remedy: "The detail names the limit." },
  overloaded: {
    title: "The server was overloaded",
    remedy: "Clients try again. Overview shows which limit was reached.",
  },
  timeout: { title: "The client did nothing for too long", remedy: "It opened a connection and entered no room." },
  unresponsive: {
    title: "The client stopped answering",
    remedy: "Nothing to do: its network was lost, or its device was asleep.",
  },
  "storage-unavailable": {
    title: "The server could not store an update",
    remedy: "See Overview for the state of the disk.",
  },
  "authorization-unavailable": {
    title: "Access could not be decided",
    remedy: "The webhook or the key set of the application does not answer.",
  },
  "document-deleted": {
    title: "The document is deleted",
    remedy: "Undelete it under Documents if clients may enter it again.",
  },
  replaced: {
    title: "Another connection took its place",
    remedy: "Nothing to do: the client reconnected with its id.",
  },
  "id-taken": { title: "The id is in use", remedy: "Give each client an id of its own." },
  "internal-error": { title: "The server failed", remedy: "The log has the cause." },
};

/** The reasons of which the server's own sentence says more than the title. */
const detailed = new Set(["refused", "malformed-token", "bad-signature", "unavailable"]);

/** Whether the title says all that the server's sentence for the code of a denial says. */
export function isToldByTitle(code: string): boolean {
  return code in words && !detailed.has(code);
}

/** The words for a reason. An unknown one speaks for itself. */
export function reasonWords(reason: string): ReasonWords {
  return words[reason] ?? { title: reason, remedy: "" };
}
