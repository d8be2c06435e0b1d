/** The connection of a client to a STUN or TURN server. */
export interface ClientSocket {
  /** True for TCP and TLS: requests are not repeated, and ChannelData is padded. */
  readonly isStream: boolean;
  /** Sends a whole message. The bytes may be reused when it returns. Never throws. */
  send(bytes: Uint8Array): void;
  close(): void;
}
