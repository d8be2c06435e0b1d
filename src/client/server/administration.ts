import type { ReadOptions, Requests } from "../requests.ts";
import { ServerAccess } from "./access.ts";
import { ApiKeys } from "./api-keys.ts";
import type { FigureColumn, Room, RoomFacts, RoomKind, ServerProblem } from "./facts.ts";
import {
  type FollowServerOptions,
  followRoom,
  followServer,
  type RoomLiveEvent,
  type ServerLiveEvent,
} from "./live-events.ts";

/** A link that signs in an administrator, once. */
export interface AdminLink {
  readonly url: string;
  /** The secret part of the link, which `createAdminSession` takes. */
  readonly code: string;
  readonly expiresAt: string;
}

export interface AdminSession {
  /** An administrator's token. */
  readonly token: string;
  readonly expiresAt: string;
}

export interface ServerFacts {
  readonly version: string;
  readonly startedAt: string;
  readonly ready: boolean;
  /** The reasons why the server is not ready, for people. */
  readonly notReady: readonly string[];
  /** Null for a server that stores no documents. */
  readonly disk: { readonly availableBytes: number } | null;
  /** Null without a schedule of backups. */
  readonly backup: { readonly lastSuccessAt: string | null; readonly lastFailureAt: string | null } | null;
  /** The database that the server shares with others; null for a server on its own. */
  readonly cluster: {
    readonly database: string;
    /** The other servers that use it, and are heard. */
    readonly otherNodes: number;
    /** Whether this server does what one of them does for all. */
    readonly leads: boolean;
  } | null;
  readonly certificate: { readonly names: readonly string[]; readonly expiresAt: string } | null;
  /** STUN and TURN of the server; null for a server that gives clients no ICE servers. */
  readonly turn: {
    readonly state: "listening" | "not-listening" | "off";
    readonly urls: readonly string[];
    readonly allocations: number;
    /** The users with allocations. Clients without a user are one for each address. */
    readonly users: number;
  } | null;
  readonly memory: {
    readonly residentBytes: number;
    readonly budgets: readonly { readonly name: string; readonly usedBytes: number; readonly limitBytes: number }[];
  };
  /** Open WebSockets by wire protocol, and how many may be open. */
  readonly connections: { readonly open: Readonly<Record<string, number>>; readonly limit: number };
  /** How long the event loop was busy in the last ten seconds; null if no client was connected. */
  readonly eventLoopLagMs: { readonly p50: number; readonly p99: number } | null;
  /** The bounds that clients have met since the start, most often first. */
  readonly boundHits: readonly { readonly bound: string; readonly count: number }[];
  /** The latest first. */
  readonly problems: readonly ServerProblem[];
}

/** Columns of equal length, one value for each sample, the oldest first; null where nothing was measured. */
export interface ServerFigures extends Readonly<Record<FigureColumn, readonly (number | null)[]>> {
  readonly intervalSeconds: number;
  readonly times: readonly string[];
  /** Open WebSockets by wire protocol. */
  readonly connections: Readonly<Record<string, readonly number[]>>;
}

export interface MadeBackup {
  /** The path on the machine of the server. */
  readonly file: string;
  readonly bytes: number;
  readonly documents: number;
  /** The number of updates that are damaged, as they are in the store. */
  readonly damaged: number;
  readonly startedAt: string;
  /** How long it took. */
  readonly ms: number;
}

export interface ServerSetting {
  readonly setting: string;
  /** Secrets are masked; null if it is not set. */
  readonly value: unknown;
  /** Where the value is from, for people. */
  readonly origin: string;
  /** Whether the running server takes a new value over. */
  readonly reloadable: boolean;
}

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** A client that was refused or disconnected. Members are null that the log does not have. */
export interface Refusal {
  readonly time: string;
  readonly event: string;
  /** The code of a denial, or the name of a close reason. */
  readonly reason: string | null;
  /** The same in words, or the bound that was met. */
  readonly detail: string | null;
  readonly protocol: string | null;
  readonly address: string | null;
  readonly remedy: string | null;
  /** Refusals for the same reason before this one that are not listed. */
  readonly omitted: number;
}

export interface Refusals {
  /** The latest first. */
  readonly items: readonly Refusal[];
  /** All refusals since the start, most often first. */
  readonly counts: readonly { readonly event: string; readonly reason: string; readonly count: number }[];
}

export interface RoomPage {
  readonly items: readonly RoomFacts[];
  /** Null on the last page. */
  readonly next: string | null;
}

export interface RoomPageOptions extends ReadOptions {
  /** `sync` by default. */
  readonly kind?: RoomKind | undefined;
  /** The names begin with this text. */
  readonly prefix?: string | undefined;
  /** The most rooms in the page: 1 to 500. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

/** The administration of a server. It needs an administrator's token. All methods reject with `YurtError`. */
export class Administration {
  /** Tokens and revocations; whether a client would be granted access. */
  readonly access: ServerAccess;
  readonly apiKeys: ApiKeys;
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
    this.access = new ServerAccess(requests);
    this.apiKeys = new ApiKeys(requests);
  }

  /** Returns the state of the server. */
  get(options: ReadOptions = {}): Promise<ServerFacts> {
    return this.#requests.json({ path: "/server", ...options });
  }

  /**
   * Yields the figures at once and every two seconds, and lines of the log as they are written, also over a lost
   * connection. Ends when `signal` aborts.
   */
  follow(options: FollowServerOptions = {}): AsyncGenerator<ServerLiveEvent> {
    return followServer(this.#requests, options);
  }

  /**
   * Makes a backup now. Rejects with `YurtError`: backups-off for a server without a schedule of backups,
   * backup-in-progress, backup-failed.
   */
  backup(options: ReadOptions = {}): Promise<MadeBackup> {
    return this.#requests.json({ method: "POST", path: "/server/backup", ...options });
  }

  /** The figures of the last hour. */
  figures(options: ReadOptions = {}): Promise<ServerFigures> {
    return this.#requests.json({ path: "/server/figures", ...options });
  }

  /** One page of the open rooms of a kind. */
  rooms({ after, kind, limit, prefix, signal }: RoomPageOptions = {}): Promise<RoomPage> {
    return this.#requests.json({ path: "/rooms", query: { kind, prefix, limit, after }, signal });
  }

  /** Returns the members of a room. */
  room(kind: RoomKind, name: string, options: ReadOptions = {}): Promise<Room> {
    return this.#requests.json({ path: roomPath(kind, name), ...options });
  }

  /**
   * Yields a room at once and when it changes, and the numbers of messages between the members of a signaling room. Ends
   * when the room closes, and when `signal` aborts. Throws `YurtError` no-such-room for a room that is not open.
   */
  followRoom(kind: RoomKind, name: string, options: ReadOptions = {}): AsyncGenerator<RoomLiveEvent> {
    return followRoom(this.#requests, { kind, name, ...options });
  }

  /** Disconnects a member, which may return. */
  async disconnectMember(kind: RoomKind, name: string, member: string): Promise<void> {
    const path = `${roomPath(kind, name)}/members/${encodeURIComponent(member)}/disconnect`;
    await this.#requests.send({ method: "POST", path });
  }

  /** The clients that were refused lately, and the reasons. */
  refusals(options: ReadOptions = {}): Promise<Refusals> {
    return this.#requests.json({ path: "/refusals", ...options });
  }

  /** All settings, as the server has read them last. */
  async configuration(options: ReadOptions = {}): Promise<readonly ServerSetting[]> {
    const { items } = await this.#requests.json<{ items: ServerSetting[] }>({
      path: "/server/configuration",
      ...options,
    });
    return items;
  }

  async logLevel(options: ReadOptions = {}): Promise<LogLevel> {
    const { level } = await this.#requests.json<{ level: LogLevel }>({ path: "/server/log-level", ...options });
    return level;
  }

  /** Sets the level of the log, until the server is restarted or reads its configuration again. */
  async setLogLevel(level: LogLevel): Promise<void> {
    await this.#requests.send({ method: "PUT", path: "/server/log-level", body: { level } });
  }

  /** Makes a link for an administrator. It needs an administrator's token: API keys are refused. */
  createAdminLink(): Promise<AdminLink> {
    return this.#requests.json({ method: "POST", path: "/admin/links" });
  }

  /** Exchanges the code of a link for a token. It needs no token. */
  createAdminSession(code: string): Promise<AdminSession> {
    return this.#requests.json({ method: "POST", path: "/admin/session", body: { code } });
  }
}

function roomPath(kind: RoomKind, name: string): string {
  return `/rooms/${kind}/${encodeURIComponent(name)}`;
}
