const beginning = `Welcome! Everyone who opens this link can edit this text.

Try this:

1. Open a second window and type in both.
`;

const stored = `2. Turn WebRTC off: edits still arrive, through the server. Turn it on and WebSocket off: edits travel directly.
3. Go offline, type something, and reload: nothing is lost.
4. Stop the server and start it again: this text is still here.
`;

const direct = `2. Stop the server: windows that are already connected keep working.
3. Go offline in one window, type in both, and go online again: the edits are merged.
`;

/** The first text of a new room: steps to try, which differ when the server does not store the document. */
export function welcomeText(isStored: boolean): string {
  return `${beginning}${isStored ? stored : direct}\n`;
}
