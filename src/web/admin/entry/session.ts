import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { YurtClient } from "../../../client/client.ts";
import type { Fetch } from "../../../client/requests.ts";
import { Value } from "../../shared/value.ts";
import { runAfter } from "../data/run-after.ts";
import { ServerClock } from "../data/server-clock.ts";
import { RenewedToken } from "./renewed-token.ts";

/** The base of the server's URLs, which may have a path. */
export function serverUrl(): URL {
  return new URL(".", location.href.replace(/#.*$/, ""));
}

/**
 * The session of an administrator. Its token is in the memory of this page only: it ends with a reload. A token whose
 * expiry is known is replaced by the next one before it expires.
 */
export class Session {
  /** Distinguishes it from the next one. Pages over plain HTTP have no `crypto.randomUUID`. */
  readonly id = String(Math.random());
  readonly client: YurtClient;
  readonly clock: ServerClock;
  /** The reason why the session has ended, as a sentence; undefined while it lasts. */
  readonly ended = new Value<string | undefined>(undefined);
  readonly #token: RenewedToken;

  private constructor(token: string, clock: ServerClock) {
    this.clock = clock;
    this.client = new YurtClient({
      url: serverUrl(),
      token: () => this.#token.current,
      fetch: (url, init) => this.#fetch(url, init),
      retries: 1,
    });
    this.#token = new RenewedToken(token, {
      now: () => clock.now(),
      after: runAfter,
      mint: async ({ ttl, user }) => (await this.client.server.access.createToken({ admin: true, user, ttl })).token,
    });
  }

  /** Exchanges the code of a link. Rejects with `YurtError`, or the error of `fetch`. */
  static async byCode(code: string): Promise<Session> {
    const clock = new ServerClock();
    const { token } = await new YurtClient({ url: serverUrl(), fetch: fetchWith(clock) }).server.createAdminSession(
      code,
    );
    return new Session(token, clock);
  }

  /** Signs in with an administrator's token, or an API key with the scope docs:admin. Rejects as `byCode`. */
  static async byToken(token: string): Promise<Session> {
    const clock = new ServerClock();
    await new YurtClient({ url: serverUrl(), token, fetch: fetchWith(clock) }).server.get();
    return new Session(token, clock);
  }

  get token(): string {
    return this.#token.current;
  }

  /** Forgets the token. */
  close(): void {
    this.#token.close();
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    const isOwn = new Headers(init.headers).get("authorization") === `Bearer ${this.token}`;
    const response = await fetchWith(this.clock)(url, init);
    // A question about the token of a client is answered with 401 as well.
    if (isOwn && response.status === 401) this.#end("Your session has ended. Sign in again.");
    return response;
  }

  #end(why: string): void {
    this.close();
    this.ended.set(why);
  }
}

/** The platform's `fetch`, which shows the clock each answer. */
function fetchWith(clock: ServerClock): Fetch {
  return async (url, init) => {
    const sentAt = Date.now();
    const response = await fetch(url, init);
    clock.observe(response.headers.get("date"), { sentAt, receivedAt: Date.now() });
    return response;
  };
}

export const SessionContext = createContext<Session | undefined>(undefined);

/** The session that the page has. Only views call it, which are rendered in one. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("no session");
  return session;
}
