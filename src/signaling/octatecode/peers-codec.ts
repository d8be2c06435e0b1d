import { isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** What a client of OctateCode's second dialect says, which has no tokens and calls users peers. */
export type PeersMessage =
  | { readonly type: "auth"; readonly roomId: string; readonly from: string; readonly name: string | undefined }
  | { readonly type: "offer" | "answer" | "ice"; readonly to: string; readonly data: unknown }
  | { readonly type: "leave" }
  | { readonly type: "unknown" };

export type PeersSignal = Extract<PeersMessage, { readonly to: string }>;

/** A client begins by saying who it is, in `from`. */
export function isOctateCodePeers({ type, from, userId }: JsonObject): boolean {
  return type === "auth" && typeof from === "string" && userId === undefined;
}

/** Throws `SessionError` (malformed-frame). */
export function decodePeers({ fields }: JsonMessage): PeersMessage {
  const { type, data } = fields;
  switch (type) {
    case "auth": {
      const name = isObject(data) ? data["name"] : undefined;
      return {
        type,
        roomId: text(fields, "roomId"),
        from: text(fields, "from"),
        name: typeof name === "string" ? name : undefined,
      };
    }
    case "offer":
    case "answer":
    case "ice":
      return { type, to: text(fields, "to"), data };
    case "leave":
      return { type };
    default:
      return { type: "unknown" };
  }
}

function text(fields: JsonObject, member: string): string {
  const value = fields[member];
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}
