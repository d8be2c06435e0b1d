import * as v from "valibot";
import { option } from "../../config/option.ts";

/** Settings of single protocols. */
export const protocolOptions = {
  "signaling.peerjs-key": option({
    kind: "text",
    // PeerJS writes it into its URLs as it is.
    schema: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._~-]{1,64}$/)),
    default: "peerjs",
    expected: "1 to 64 letters, digits, dots, underscores, tildes or hyphens",
    help: "key that PeerJS clients must pass",
    group: "Protocols",
    placeholder: "key",
  }),
  "signaling.peerjs-discovery": option({
    kind: "boolean",
    schema: v.boolean(),
    default: false,
    expected: "true or false",
    help: "let anyone list the ids of all connected PeerJS clients",
    group: "Protocols",
    placeholder: "true|false",
  }),
};
