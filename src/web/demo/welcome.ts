const beginning = `Welcome! This text is shared: whoever opens this link edits it with you.

Try it:

1. Open a second window, put it beside this one, and type in either.
`;

const stored = `2. Turn WebRTC off: edits go on through the server. Turn it on and WebSocket off: they go directly.
3. Go offline, write something, reload, come back: nothing is lost.
4. Stop the server in its terminal and start it again. This text is still there.
`;

const direct = `2. Stop the server: the windows that have found each other go on without it.
3. Go offline, write something, come back: both texts are there.
`;

/** What a new room's text says to try. */
export function welcomeText(isStored: boolean): string {
  return `${beginning}${isStored ? stored : direct}\n`;
}
