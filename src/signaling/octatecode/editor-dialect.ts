import type { JsonDialect } from "../dialects.ts";
import { type PeerDialect, PeerSession, type PeerSessionOptions } from "../peer-session.ts";
import { isOctateCodeEditor, octateEditorCodec } from "./editor-codec.ts";
import { peerTexts } from "./peers-dialect.ts";

const dialect: PeerDialect = {
  codec: octateEditorCodec,
  namesOf: ({ roomId, id, name = id }) => [roomId, id, name],
  texts: peerTexts,
};

/** Signaling for OctateCode's extension for VS Code: users in a room, whose operations and cursors the others get. */
export function octateCodeEditor(options: PeerSessionOptions): JsonDialect {
  return {
    name: "octatecode-editor",
    recognises: isOctateCodeEditor,
    open: (client) => new PeerSession(client, dialect, options),
  };
}
