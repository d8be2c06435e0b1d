/**
 * The names of the rooms that clients join without naming one.
 *
 * An authorizer is asked for them, and tokens name them, like a topic or any other room. They are documented for users:
 * changing one invalidates the tokens that name it.
 */

/** The room of all Peers devices. */
export const peersRoomName = "peers";

/** The room of all PeerJS clients that use one key. */
export function peerJsRoomName(key: string): string {
  return `peerjs/${key}`;
}
