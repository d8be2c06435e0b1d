import type { ReadOptions, Requests } from "../requests.ts";

/** A link that lets its reader in as an administrator, once. */
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

/** A warning or an error of the server's log. */
export interface ServerProblem {
  readonly time: string;
  readonly level: "warn" | "error" | "fatal";
  readonly event: string;
  readonly remedy: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ServerFacts {
  readonly version: string;
  readonly startedAt: string;
  readonly ready: boolean;
  /** Why it is not ready, for people. */
  readonly notReady: readonly string[];
  /** Null for a server that stores no documents. */
  readonly disk: { readonly availableBytes: number } | null;
  /** Null without a schedule of backups. */
  readonly backup: { readonly lastSuccessAt: string | null; readonly lastFailureAt: string | null } | null;
  readonly certificate: { readonly names: readonly string[]; readonly expiresAt: string } | null;
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

type FigureColumn =
  | "updatesPerSecond"
  | "acknowledgementP50Ms"
  | "acknowledgementP99Ms"
  | "eventLoopLagP50Ms"
  | "eventLoopLagP99Ms"
  | "boundHits"
  | "cpuPercent"
  | "residentBytes";

/** Columns of equal length, one value for each sample, the oldest first; null where nothing was measured. */
export interface ServerFigures extends Readonly<Record<FigureColumn, readonly (number | null)[]>> {
  readonly intervalSeconds: number;
  readonly times: readonly string[];
  /** Open WebSockets by wire protocol. */
  readonly connections: Readonly<Record<string, readonly number[]>>;
}

/** The administration of a server. It needs an administrator's token. All methods reject with `YurtError`. */
export class Administration {
  readonly #requests: Requests;

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  /** Whether the server is well. */
  get(options: ReadOptions = {}): Promise<ServerFacts> {
    return this.#requests.json({ path: "/server", ...options });
  }

  /** The figures of the last hour. */
  figures(options: ReadOptions = {}): Promise<ServerFigures> {
    return this.#requests.json({ path: "/server/figures", ...options });
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
