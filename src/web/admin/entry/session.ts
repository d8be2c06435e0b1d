import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { YurtClient } from "../../../client/client.ts";
import { YurtError } from "../../../client/errors.ts";
import { Value } from "../../shared/value.ts";
import { ServerClock } from "../data/server-clock.ts";

/** The base of the server's URLs, which may have a path. */
export function serverUrl(): URL {
  return new URL(".", location.href.replace(/#.*$/, ""));
}

/** A token is replaced so long before it expires. */
const renewalMs = 5 * 60_000;
/** The longest delay of a timer in a browser. */
const longestDelayMs = 2_147_483_647;
const lifetime = "1h";

interface Credentials {
  readonly token: string;
  /** Epoch milliseconds; undefined if unknown. */
  readonly expiresAt: number | undefined;
}

/**
 * The session of an administrator. Its token is in the memory of this page only: it ends with a reload. A token whose
 * expiry is known is replaced by the next one before it expires.
 */
export class Session {
  readonly id = crypto.randomUUID();
  readonly client: YurtClient;
  readonly clock = new ServerClock();
  /** The reason why the session has ended, as a sentence; undefined while it lasts. */
  readonly ended = new Value<string | undefined>(undefined);
  #credentials: Credentials;
  #timer: ReturnType<typeof setTimeout> | undefined;

  private constructor(credentials: Credentials) {
    this.#credentials = credentials;
    this.client = new YurtClient({
      url: serverUrl(),
      token: () => this.#credentials.token,
      fetch: (url, init) => this.#fetch(url, init),
      retries: 1,
    });
    this.#schedule();
  }

  /** Exchanges the code of a link. Rejects with `YurtError`, or the error of `fetch`. */
  static async byCode(code: string): Promise<Session> {
    const { expiresAt, token } = await new YurtClient({ url: serverUrl() }).server.createAdminSession(code);
    return new Session({ token, expiresAt: Date.parse(expiresAt) });
  }

  /** Signs in with an administrator's token, or an API key with the scope docs:admin. Rejects as `byCode`. */
  static async byToken(token: string): Promise<Session> {
    await new YurtClient({ url: serverUrl(), token }).server.get();
    return new Session({ token, expiresAt: expiryOf(token) });
  }

  /** The token for a request that the client package does not make. */
  get token(): string {
    return this.#credentials.token;
  }

  /** Sends a request to a route outside `/v1`, such as `api/validate`. */
  send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${this.#credentials.token}`);
    return fetch(new URL(path, serverUrl()), { ...init, headers });
  }

  /** Forgets the token. */
  close(): void {
    clearTimeout(this.#timer);
    this.#credentials = { token: "", expiresAt: undefined };
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const isOwn = new Headers(init.headers).get("authorization") === `Bearer ${this.#credentials.token}`;
    const sentAt = Date.now();
    const response = await fetch(url, init);
    this.clock.observe(response.headers.get("date"), { sentAt, receivedAt: Date.now() });
    // A question about the token of a client is answered with 401 as well.
    if (isOwn && response.status === 401) this.#end("Your session has ended. Sign in again.");
    return response;
  }

  #schedule(): void {
    const { expiresAt } = this.#credentials;
    if (expiresAt === undefined) return;
    const delayMs = Math.max(0, expiresAt - renewalMs - Date.now());
    this.#timer = setTimeout(() => void this.#renew(), Math.min(delayMs, longestDelayMs));
  }

  /** Never rejects. A renewal that fails is not repeated: requests tell when the token has expired. */
  async #renew(): Promise<void> {
    try {
      const body = JSON.stringify({ admin: true, ttl: lifetime });
      const response = await this.send("api/tokens", { method: "POST", body });
      if (!response.ok) return;
      const { expiresAt, token } = (await response.json()) as { token: string; expiresAt: number };
      this.#credentials = { token, expiresAt };
      this.#schedule();
    } catch {
      // The server does not answer.
    }
  }

  #end(why: string): void {
    this.close();
    this.ended.set(why);
  }
}

/** The expiry that a JWT names; undefined for another token. */
function expiryOf(token: string): number | undefined {
  try {
    const [, payload = ""] = token.split(".");
    const { exp } = JSON.parse(atob(payload.replace(/-/g, "+").replace(/_/g, "/")));
    return typeof exp === "number" ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session that the page has. Only views call it, which are rendered in one. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("no session");
  return session;
}

/** The reason of a failure in a sentence for people. */
export function sentenceOf(error: unknown): string {
  if (error instanceof YurtError) {
    return [error.message, ...error.errors.map(({ detail, pointer }) => `${pointer}: ${detail}.`)].join(" ");
  }
  if (error instanceof TypeError) return "The server does not answer.";
  return error instanceof Error ? error.message : String(error);
}
