import type { IceServer } from "./ice-server.ts";

/** The results of the test so far; a field is missing until its step has ended. Plain data, without secrets but `ice`. */
export interface Measurements {
  readonly page?: PageFacts;
  readonly server?: ServerAnswer;
  readonly access?: AccessAnswers;
  readonly signaling?: SignalingOutcome;
  readonly relay?: RelayOutcome;
  readonly ice?: IceAnswer;
  readonly host?: HostAddresses;
  /** One outcome for each address of the ICE servers, by its URL. */
  readonly urls?: Readonly<Record<string, UrlOutcome>>;
  readonly nat?: NatMapping;
  readonly turnLoop?: LoopOutcome;
  readonly directLoop?: LoopOutcome;
}

export interface PageFacts {
  /** The page's address without query and fragment, which may hold a token. */
  readonly address: string;
  readonly room: string;
  /** The browser's `User-Agent`. */
  readonly browser: string;
  readonly isSecure: boolean;
  readonly hasWebrtc: boolean;
  /** Whether the browser says why an ICE server failed: Firefox and Safari do not. */
  readonly reportsIceErrors: boolean;
}

export type AccessMode = "open" | "token" | "webhook";

export type ServerAnswer =
  | {
      readonly kind: "answered";
      readonly version: string;
      readonly mode: AccessMode;
      /** False for a server that does signaling only. */
      readonly isSyncServed: boolean;
      /** False while the server cannot store changes. */
      readonly isReady: boolean;
      readonly roundTripMs: number;
    }
  /** Something answered that is not this server, as a proxy does whose server is gone. */
  | { readonly kind: "refused"; readonly status: number }
  | { readonly kind: "unreachable" };

export type AccessAnswer =
  | { readonly kind: "granted"; readonly access: "read" | "write" }
  | { readonly kind: "denied"; readonly code: string; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

export interface AccessAnswers {
  readonly sync: AccessAnswer;
  readonly signaling: AccessAnswer;
  readonly hasToken: boolean;
}

export type SocketFailure =
  /** The handshake failed. `message` is the server's reason, where a plain request gets the same refusal. */
  | { readonly kind: "refused"; readonly message?: string }
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  | { readonly kind: "silent"; readonly during: "handshake" | "answer" };

export type SignalingOutcome =
  | { readonly kind: "ok"; readonly openMs: number; readonly roundTripMs: number }
  | SocketFailure;

export type RelayOutcome =
  | { readonly kind: "ok"; readonly openMs: number; readonly syncMs: number; readonly roundTripMs: number }
  | SocketFailure;

export type IceAnswer =
  | {
      readonly kind: "list";
      readonly source: "server" | "pasted";
      readonly servers: readonly IceServer[];
      readonly ttlSeconds?: number;
    }
  | { readonly kind: "denied"; readonly reason: string }
  | { readonly kind: "failed"; readonly status?: number };

export interface HostAddresses {
  /** The local addresses that the browser offers to peers; it may hide them behind names that end in `.local`. */
  readonly addresses: readonly string[];
  readonly isHidden: boolean;
}

export interface IceError {
  /** A STUN error code (RFC 8489 §14.8), or 701 for a server that was not reached. */
  readonly code: number;
  readonly text: string;
}

export type UrlOutcome =
  /** The reflexive address of STUN, the relayed address of TURN. */
  | { readonly kind: "address"; readonly address: string; readonly elapsedMs: number }
  /** The browser has finished without an address. Without errors it got one that it has already. */
  | { readonly kind: "none"; readonly errors: readonly IceError[]; readonly elapsedMs: number }
  | { readonly kind: "timeout"; readonly errors: readonly IceError[]; readonly elapsedMs: number }
  /** The browser refuses the URL or its credential before it sends anything. */
  | { readonly kind: "invalid"; readonly message: string };

/** `mapped` are the distinct addresses at which several STUN servers see one local port. */
export interface NatMapping {
  readonly mapped: readonly string[];
}

export type RelayProtocol = "udp" | "tcp" | "tls";

export type LoopOutcome =
  | {
      readonly kind: "connected";
      readonly connectMs: number;
      readonly roundTripMs: number;
      readonly bitsPerSecond: number;
      /** The protocol between this browser and the TURN server; undefined without TURN. */
      readonly protocol?: RelayProtocol;
    }
  | { readonly kind: "failed"; readonly during: "connecting" | "sending"; readonly detail: string };
