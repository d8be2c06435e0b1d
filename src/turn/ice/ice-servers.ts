/** One STUN or TURN server, in the shape that RTCPeerConnection takes. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** A client that asks for ICE servers. */
export interface IceClient {
  /** The user id of its permission; undefined if unknown. */
  readonly user: string | undefined;
  readonly remoteAddress: string;
}

/** The ICE servers for one client, as `GET /ice` answers them. */
export interface IceServerList {
  /** Empty if the server has no TURN of its own and knows no other. */
  readonly iceServers: readonly IceServer[];
  /** The lifetime of the credentials in seconds. The client requests the list again when it has passed. */
  readonly ttl: number;
}

/** The STUN and TURN servers that clients are given: those of this server, and those of the configuration. */
export interface IceServers {
  /**
   * Lists them for one client, with credentials of its own. They let it send traffic through the server, so the caller has
   * checked that the client may enter a room. Never throws.
   */
  listFor(client: IceClient): IceServerList;
}
