import { createHmac } from "node:crypto";
import { comparable } from "../../auth/identifiers.ts";
import { addressBlock } from "../../lib/address/address-block.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { anonymousUser, mintCredential, type TurnCredential } from "../../turn/credentials/credentials.ts";
import type { IceClient, IceServer, IceServerList, IceServers } from "../../turn/ice/ice-servers.ts";
import type { TurnSettings } from "../server-options.ts";
import type { OwnTurnUrls } from "./own-urls.ts";

export interface KnownIceServersOptions {
  /** Read at every call. */
  readonly settings: () => Pick<TurnSettings, "advertised" | "advertisedCredential" | "ttlMs">;
  /** The secrets in use; the first mints. Read at every call. */
  readonly secrets: () => readonly string[];
  /** The URLs of this server; undefined if nothing listens. Read at every call. */
  readonly ownUrls: () => OwnTurnUrls | undefined;
  readonly clock: Clock;
}

/** Credentials are sent unencrypted, so their user part is a keyed hash: only the server can relate it to a user. */
const userBytes = 12;

/** The ICE servers of the settings: this server's own, and others. */
export class KnownIceServers implements IceServers {
  readonly #options: KnownIceServersOptions;

  constructor(options: KnownIceServersOptions) {
    this.#options = options;
  }

  listFor(client: IceClient): IceServerList {
    const { clock, settings } = this.#options;
    const { advertised, ttlMs } = settings();
    const [secret = ""] = this.#options.secrets();
    const minted = mintCredential({ secret, user: turnUserOf(client, secret), expiresAt: clock.now() + ttlMs });
    const iceServers = advertised.flatMap((server) =>
      server === "own" ? this.#own(minted) : [this.#other(server, minted)],
    );
    return { iceServers, ttl: Math.floor(ttlMs / 1_000) };
  }

  #own(credential: TurnCredential): readonly IceServer[] {
    const urls = this.#options.ownUrls();
    return urls === undefined ? [] : [{ urls: [urls.stun] }, { urls: urls.turn, ...credential }];
  }

  #other(
    { url, needsCredential }: { readonly url: string; readonly needsCredential: boolean },
    minted: TurnCredential,
  ): IceServer {
    return { urls: [url], ...(needsCredential && (this.#options.settings().advertisedCredential ?? minted)) };
  }
}

/** The user part of a client's credentials: the same for all credentials of a user, or of an address without a user. */
export function turnUserOf({ user, remoteAddress }: IceClient, secret: string): string {
  const subject = user === undefined ? `address ${addressBlock(remoteAddress)}` : `user ${comparable(user)}`;
  const digest = createHmac("sha256", secret).update(`turn user\n${subject}`).digest();
  const id = digest.subarray(0, userBytes).toString("base64url");
  return user === undefined ? anonymousUser(id) : id;
}
