import type { OwnSecrets } from "../../storage/secrets/own-secrets.ts";
import type { Certificate } from "../../tls/certificate.ts";
import { Credentials } from "../../turn/credentials/credentials.ts";
import type { IceServers } from "../../turn/ice/ice-servers.ts";
import type { Part } from "../part.ts";
import type { PartDependencies, ServerOptions, TurnSettings } from "../server-options.ts";
import { longestTurnTtlMs } from "../settings/turn/turn-options.ts";
import { usualTurnPort } from "../settings/turn/turn-settings.ts";
import { KnownIceServers, turnUserOf } from "./known-ice-servers.ts";
import { needsSecret } from "./needs-secret.ts";
import { OwnTurn } from "./own-turn.ts";
import type { OwnTurnUrls } from "./own-urls.ts";
import { UsualPortUnusable } from "./turn-ports.ts";
import { notListening, type TurnWarning } from "./turn-warnings.ts";

export interface TurnOptions
  extends Pick<PartDependencies, "addresses" | "clock" | "limits" | "log" | "metrics" | "outboxes">,
    Pick<ServerOptions, "turn" | "host" | "publicUrl"> {
  readonly ownSecrets: OwnSecrets;
  /** The server's certificate; undefined without HTTPS, and until there is a first one. */
  readonly certificate: Certificate | undefined;
}

/** The part of a server that does STUN and TURN, and that knows the ICE servers for clients. */
export interface Turn extends Part {
  readonly iceServers: IceServers;
  /** Undefined if nothing listens. */
  readonly listening: ListeningTurn | undefined;
  /** Warnings for the administrator. */
  readonly warnings: readonly TurnWarning[];
  /** The facts for the administrator; undefined for a server without ICE servers. */
  readonly facts: TurnFacts | undefined;
  /** Uses another certificate for TLS; with the first one TLS begins to be served. A failure is logged. */
  replaceCertificate(certificate: Certificate): void;
  /** Ends the allocations of a user of the access control, and refuses the credentials that it had before `revokedAt`. */
  endUser(user: string, revokedAt: number): void;
}

export interface TurnFacts {
  /** `not-listening`: the usual port is not free. */
  readonly state: "listening" | "not-listening" | "off";
  /** The URLs of this server; none if nothing listens. */
  readonly urls: readonly string[];
  readonly allocations: number;
  /** The users with allocations. Clients without a user are one for each address. */
  readonly users: number;
}

/** Where TURN listens. */
export interface ListeningTurn {
  readonly port: number;
  readonly tlsPort: number | undefined;
  readonly urls: OwnTurnUrls;
}

/** A part without any STUN or TURN server. */
const noTurn: TurnSettings = {
  isEnabled: false,
  port: undefined,
  tlsPort: undefined,
  listen: [],
  externalAddresses: "auto",
  stunServer: undefined,
  relayPorts: { first: 49_152, last: 65_535 },
  allowPeers: [],
  denyPeers: [],
  secrets: [],
  realm: "yurt",
  ttlMs: longestTurnTtlMs,
  strictChannels: false,
  advertised: [],
  advertisedCredential: undefined,
};

/**
 * Opens STUN and TURN. Throws `SecretsFileUnreadable`, or the system's error, with its `port` and the `setting`, when it
 * cannot listen where it must.
 */
export async function openTurn(options: TurnOptions): Promise<Turn> {
  const { certificate, clock, log, ownSecrets, publicUrl } = options;
  let settings = options.turn ?? noTurn;
  const secretsFor = (next: TurnSettings) => (needsSecret(next) ? ownSecrets.turn(next.secrets) : next.secrets);
  // A reload changes the secrets, which are read for each credential.
  const shared = { secrets: secretsFor(settings), realm: settings.realm, maxTtlMs: longestTurnTtlMs, clock };
  const credentials = new Credentials(shared);
  let longestMintedMs = settings.ttlMs;
  const startWarnings: TurnWarning[] = [];
  const own = settings.isEnabled
    ? await OwnTurn.open({ ...options, settings, publicUrl, credentials }).catch((error) => {
        if (!(error instanceof UsualPortUnusable)) throw error;
        startWarnings.push(notListening({ port: usualTurnPort, listen: settings.listen }, error.code));
        return undefined;
      })
    : undefined;
  if (own !== undefined && certificate !== undefined) {
    startWarnings.push(...(await takeFirstCertificate(own, certificate)));
  }
  return {
    iceServers: new KnownIceServers({
      settings: () => settings,
      secrets: () => shared.secrets,
      ownUrls: () => own?.urls,
      clock,
    }),
    get listening() {
      return own && { port: own.port, tlsPort: own.tlsPort, urls: own.urls };
    },
    get warnings() {
      return [...startWarnings, ...(own?.warnings ?? [])];
    },
    get facts() {
      return options.turn && factsOf(settings, own);
    },
    replaceCertificate: (next) => {
      try {
        const warning = own?.replaceCertificate(next);
        if (warning !== undefined) log.warn(warning);
      } catch (error) {
        log.error({ event: "turn-certificate-not-used", err: error });
      }
    },
    endUser: (user, revokedAt) => {
      for (const secret of shared.secrets) {
        own?.endUser(turnUserOf({ user, remoteAddress: "" }, secret), revokedAt + longestMintedMs);
      }
    },
    readinessDetail: () => (options.turn === undefined ? {} : { turn: stateOf(settings, own) }),
    drain: async () => own?.drain(),
    reload: async ({ turn: next = noTurn }) => {
      shared.secrets = secretsFor(next);
      settings = next;
      longestMintedMs = Math.max(longestMintedMs, next.ttlMs);
      await own?.reload(next);
      for (const warning of own?.warnings ?? []) log.warn(warning);
    },
    [Symbol.asyncDispose]: async () => own?.close(),
  };
}

async function takeFirstCertificate(own: OwnTurn, certificate: Certificate): Promise<readonly TurnWarning[]> {
  try {
    const warning = own.replaceCertificate(certificate);
    return warning === undefined ? [] : [warning];
  } catch (error) {
    await own.close();
    throw error;
  }
}

function factsOf(settings: TurnSettings, own: OwnTurn | undefined): TurnFacts {
  const urls = own === undefined ? [] : [own.urls.stun, ...own.urls.turn];
  return { state: stateOf(settings, own), urls, ...(own?.usage ?? { allocations: 0, users: 0 }) };
}

function stateOf({ isEnabled }: TurnSettings, own: OwnTurn | undefined): TurnFacts["state"] {
  if (own !== undefined) return "listening";
  return isEnabled ? "not-listening" : "off";
}
