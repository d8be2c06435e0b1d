/** The members of a room, as receivers of awareness. `body` is an awareness update as y-protocols encodes it. */
export interface AwarenessAudience<Member> {
  /** Sends to every subscribed member, the originator included: the echo keeps y-websocket's watchdog from closing. */
  publishAwareness(body: Uint8Array): void;
  sendAwareness(member: Member, body: Uint8Array): void;
  /** As `sendAwareness`, with an entry that makes the member's client raise its clock and announce itself again. */
  requestRenewal(member: Member, body: Uint8Array): void;
  /** From now on `publishAwareness` reaches `member`. */
  subscribeToAwareness(member: Member): void;
}
