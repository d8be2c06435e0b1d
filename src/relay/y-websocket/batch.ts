import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** A text frame of a y-partykit provider, before or behind the pieces of a message that is longer than 1 MB. */
export type BatchMarker = { readonly type: "start"; readonly bytes: number } | { readonly type: "end" };

const prefix = "y-pk-batch#";
/** The provider cuts pieces of 1 MB. Shorter ones would take more memory than the bytes that they bring. */
const leastPieceBytes = 65_536;

/** Returns undefined for every other text. */
export function decodeBatchMarker(text: string): BatchMarker | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const { type, size } = parse(text.slice(prefix.length));
  if (type === "end") return { type };
  if (type !== "start" || !Number.isSafeInteger(size))
    throw malformed("the marker of a batch is neither start nor end");
  return { type, bytes: Number(size) };
}

/** The pieces of one message. Throws `SessionError` malformed-frame when they are not as long as announced. */
export class Batch {
  readonly #pieces: Uint8Array[] = [];
  readonly #announcedBytes: number;
  #bytes = 0;

  constructor(announcedBytes: number) {
    this.#announcedBytes = announcedBytes;
  }

  add(piece: Uint8Array): void {
    this.#bytes += piece.byteLength;
    this.#pieces.push(piece);
    if (this.#bytes > this.#announcedBytes) throw malformed("the pieces of a batch are longer than announced");
    if (this.#pieces.length > 2 + this.#announcedBytes / leastPieceBytes) throw malformed("too many pieces in a batch");
  }

  join(): Uint8Array {
    if (this.#bytes !== this.#announcedBytes) throw malformed("a piece of a batch is missing");
    const message = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      message.set(piece, at);
      at += piece.byteLength;
    }
    return message;
  }
}

function parse(json: string): { readonly type?: unknown; readonly size?: unknown } {
  try {
    const marker: unknown = JSON.parse(json);
    return typeof marker === "object" && marker !== null ? marker : {};
  } catch {
    return {};
  }
}

function malformed(detail: string): SessionError {
  return new SessionError(closeReasons.malformedFrame, detail);
}
