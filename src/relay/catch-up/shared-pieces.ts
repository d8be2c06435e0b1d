import { UpdatePieces } from "../update/update-pieces.ts";

/** The pieces of the updates that are sent to the members of a room. Members that are sent the same update share them. */
export class SharedPieces {
  readonly #pieceBytes: number;
  readonly #pieces = new WeakMap<Uint8Array, UpdatePieces>();
  /** The pieces that clients were sent since their copies were last dropped. */
  readonly #copied = new Set<UpdatePieces>();

  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  of(update: Uint8Array): UpdatePieces {
    let pieces = this.#pieces.get(update);
    if (pieces === undefined) {
      pieces = new UpdatePieces(update, this.#pieceBytes);
      this.#pieces.set(update, pieces);
    }
    this.#copied.add(pieces);
    return pieces;
  }

  /** Drops the copies of pieces that no client is being sent. */
  dropCopies(): void {
    for (const pieces of this.#copied) if (pieces.dropCopies()) this.#copied.delete(pieces);
  }
}
