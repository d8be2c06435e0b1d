import { type Scope, scopes } from "../../../src/auth/keys/api-keys.ts";
import { type MintTokenOptions, mintToken } from "../../../src/auth/token/mint-token.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { ApiKeysFile } from "../../../src/storage/api-keys-file.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../servers/start-test-server.ts";

/** An answer of the API whose members tests read one by one. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  /** The body as JSON; an empty object for another one. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  /** An API key or a token; undefined for none. */
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes are sent as application/octet-stream, everything else as JSON. */
  readonly body?: unknown;
}

/** A whole server with the API, and keys for it. */
export interface ApiServer extends AsyncDisposable {
  readonly server: TestServer;
  /** A key for each scope, for all documents. */
  readonly keys: Readonly<Record<Scope, string>>;
  readonly keysFile: ApiKeysFile;
  ask(method: string, path: string, asked?: Asked): Promise<ApiAnswer>;
  /** A room token; for a server whose mode is `token`. */
  token(rooms: Readonly<Record<string, "read" | "write">>, user?: string): Promise<string>;
  adminToken(): Promise<string>;
}

export interface ApiServerAccess {
  readonly mode?: "open" | "token";
  readonly readersShowPresence?: boolean;
}

const secret = "the secret of the test servers, long enough";

/** Starts a server; `mode` is `open` by default. */
export async function startApiServer({
  mode = "open",
  readersShowPresence = true,
  ...options
}: Omit<TestServerOptions, "auth"> & ApiServerAccess = {}): Promise<ApiServer> {
  const server = await startTestServer({ ...options, auth: { mode, secrets: [secret], readersShowPresence } });
  const keysFile = new ApiKeysFile(server.dataFolder, systemClock);
  const made = scopes.map((scope) => [scope, keysFile.create({ name: `test ${scope}`, scope, prefix: "" }).text]);
  return {
    server,
    keysFile,
    // Object.fromEntries forgets the names.
    keys: Object.fromEntries(made) as Record<Scope, string>,
    ask: (method, path, asked) => askApi(server.url, method, path, asked),
    token: (rooms, user) => mint({ rooms: new Map(Object.entries(rooms)), user, isAdmin: false }),
    adminToken: () => mint({ rooms: new Map(), isAdmin: true }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function mint(order: Pick<MintTokenOptions, "rooms" | "user" | "isAdmin">): Promise<string> {
  return mintToken({ ...order, secret, lifetimeMs: 60_000, clock: systemClock });
}

/** Sends a request to the API of the server at `url`. */
export async function askApi(url: string, method: string, path: string, asked: Asked = {}): Promise<ApiAnswer> {
  const { body, headers, token } = asked;
  const isBytes = body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: isBytes || typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const bytes = await response.bytes();
  return { status: response.status, headers: response.headers, bytes, body: jsonIn(bytes) };
}

function jsonIn(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}
