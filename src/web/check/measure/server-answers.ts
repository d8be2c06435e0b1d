import type { IceServer } from "../diagnosis/ice-server.ts";
import type { AccessAnswer, AccessAnswers, AccessMode, IceAnswer, ServerAnswer } from "../diagnosis/measurements.ts";

const limitMs = 10_000;

export interface RoomAndToken {
  readonly room: string;
  readonly token: string | undefined;
}

/** The server's facts, and whether it can store changes. */
export async function askServer(): Promise<ServerAnswer> {
  try {
    const startedAt = performance.now();
    const response = await fetch("demo/config.json", { cache: "no-store", signal: AbortSignal.timeout(limitMs) });
    const roundTripMs = performance.now() - startedAt;
    if (!response.ok) return { kind: "refused", status: response.status };
    const facts: Readonly<Partial<Record<"version" | "mode" | "sync", unknown>>> = await response.json();
    const readiness = await fetch("readyz", { cache: "no-store", signal: AbortSignal.timeout(limitMs) });
    return {
      kind: "answered",
      version: String(facts.version ?? ""),
      mode: modeOf(facts.mode),
      isSyncServed: facts.sync !== false,
      isReady: readiness.ok,
      roundTripMs,
    };
  } catch (error) {
    // A body that is not JSON is another program's.
    return error instanceof SyntaxError ? { kind: "refused", status: 200 } : { kind: "unreachable" };
  }
}

function modeOf(mode: unknown): AccessMode {
  return mode === "token" || mode === "webhook" ? mode : "open";
}

export async function askAccess(asker: RoomAndToken): Promise<AccessAnswers> {
  const [sync, signaling] = await Promise.all([validate(asker, "sync"), validate(asker, "signaling")]);
  return { sync, signaling, hasToken: asker.token !== undefined };
}

async function validate({ room, token }: RoomAndToken, kind: "sync" | "signaling"): Promise<AccessAnswer> {
  try {
    const response = await ask(`api/validate?${new URLSearchParams({ room, kind })}`, token);
    const answer: Readonly<Record<string, unknown>> = await response.json();
    const { access, code, reason, error } = answer;
    if (access === "read" || access === "write") return { kind: "granted", access };
    const text = typeof reason === "string" ? reason : typeof error === "string" ? error : "";
    if (answer["kind"] === "unavailable" || typeof code !== "string") return { kind: "unknown", reason: text };
    return { kind: "denied", code, reason: text };
  } catch {
    return { kind: "unknown", reason: "no answer" };
  }
}

/** The ICE servers that the server gives to clients that may enter the room. */
export async function askIceServers({ room, token }: RoomAndToken, kind: "sync" | "signaling"): Promise<IceAnswer> {
  try {
    const response = await ask(`ice?${new URLSearchParams({ room, kind })}`, token);
    const answer: Readonly<Record<string, unknown>> = await response.json().catch(() => ({}));
    const { iceServers, ttl, detail } = answer;
    if (response.ok && Array.isArray(iceServers)) {
      const servers: readonly IceServer[] = iceServers;
      return { kind: "list", source: "server", servers, ...(typeof ttl === "number" && { ttlSeconds: ttl }) };
    }
    if (response.status === 401 || response.status === 403) {
      return { kind: "denied", reason: typeof detail === "string" ? detail : `Status ${response.status}.` };
    }
    return { kind: "failed", status: response.status };
  } catch {
    return { kind: "failed" };
  }
}

function ask(url: string, token: string | undefined): Promise<Response> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return fetch(url, { headers, cache: "no-store", signal: AbortSignal.timeout(limitMs) });
}

/**
 * The server's refusal of pages of this origin; undefined if it does not refuse them. A browser hides why a handshake
 * failed. A POST carries the page's origin, too, and this one opens nothing: it names no session of Socket.IO.
 */
export async function askOriginRefusal(): Promise<string | undefined> {
  try {
    const url = "socket.io/?EIO=4&transport=polling&sid=check";
    const response = await fetch(url, { method: "POST", signal: AbortSignal.timeout(limitMs) });
    return response.status === 403 ? (await response.text()).trim() : undefined;
  } catch {
    return undefined;
  }
}
