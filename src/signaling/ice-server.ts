/** One STUN or TURN server, in the shape that RTCPeerConnection takes. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}
