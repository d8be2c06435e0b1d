import { CausalOrder } from "./causal-order.ts";
import { effortOf, type Section, UpdateSections } from "./update-sections.ts";
import {
  copySlices,
  cutSlice,
  joinSlices,
  packDeletes,
  type Slice,
  SlicePacker,
  type Slices,
  sizeOf,
  splitSlice,
} from "./update-slices.ts";

/** By client, the clock below which a client has all structs. */
export type Covered = ReadonlyMap<number, number>;

/** A piece for one client. */
export interface Piece {
  /** Undefined when the client has all of it. */
  readonly update: Uint8Array | undefined;
  /** The index of the piece that follows; undefined for the last one. */
  readonly next: number | undefined;
}

export interface PieceRequest {
  readonly index: number;
  /** Structs that the client has; they are left out. */
  readonly covered: Covered;
  /** Pieces of an update that is integrated at once are joined up to this size. */
  readonly maxBytes: number;
}

interface Copy extends Pick<PieceRequest, "index" | "maxBytes"> {
  readonly piece: Piece;
}

type SlicesAndNext = Slices & Pick<Piece, "next">;

const noSlices: readonly Slice[] = [];
const nothing: Slices = { structs: noSlices, deletes: noSlices };
const maxCopies = 8;
/** The effort of one step of planning. It takes 1 to 3 ms. */
export const stepEffort = 10_000;

/**
 * An update in pieces of bounded size. Each is an update, and all together hold what the update holds. A piece is larger
 * than `pieceBytes` only when it is a single struct, or the last one of an update that is integrated at once.
 *
 * The structs come in causal order: a client that is cut off has integrated every piece that it has received, and its
 * state vector says so. The deletes follow.
 *
 * An update with XML or formats is *integrated at once*. Clients repair such content as they see it after each update,
 * and their repairs reach everybody: seeing a part of it, Yjs would delete formats of text that is still to come, and
 * an editor would delete elements that lack their children. The first struct of each section is therefore held back for
 * the last piece. Until that comes, a client keeps the others pending: cut off, it starts again.
 *
 * Planning the pieces takes about as long as reading the update twice. It is done in steps, and once for all clients
 * that are sent the same update. A piece is copied out of the update when it is sent.
 */
export class UpdatePieces {
  readonly update: Uint8Array;
  readonly #pieceBytes: number;
  readonly #plan: Generator<number>;
  readonly #pieces: Slices[] = [];
  /** The slices of each client, if the update is integrated at once. */
  readonly #slicesByClient = new Map<number, Slice[]>();
  #isPlanned = false;
  #isIntegratedAtOnce = false;
  #hasSkips = false;
  /** The last pieces that were copied for clients that have nothing: those that join at the same time share them. */
  #copies: Copy[] = [];
  #users = 0;

  constructor(update: Uint8Array, pieceBytes: number) {
    this.update = update;
    this.#pieceBytes = pieceBytes;
    this.#plan = this.#planAll();
  }

  /** Whether the pieces are pending in a client until it has the last one. */
  get isIntegratedAtOnce(): boolean {
    return this.#isIntegratedAtOnce;
  }

  /** Whether `piece` can be called with this index. */
  isPlanned(index: number): boolean {
    // The last piece that is planned may be joined with deletes, and is perhaps the last one.
    return this.#isPlanned || index + 1 < this.#pieces.length;
  }

  /** Plans the next part of the pieces, in a bounded time. */
  planStep(): void {
    if (this.#isPlanned) return;
    try {
      for (let effort = 0; effort < stepEffort && !this.#isPlanned; ) {
        const step = this.#plan.next();
        this.#isPlanned = step.done === true;
        effort += step.done === true ? 0 : step.value;
      }
    } catch {
      // An update that cannot be read is sent as it is. Malformed updates are refused when they come.
      this.#pieces.length = 0;
      this.#isIntegratedAtOnce = false;
      this.#isPlanned = true;
    }
  }

  piece(request: PieceRequest): Piece {
    const { index, covered, maxBytes } = request;
    if (this.#pieces.length <= 1 && covered.size === 0) return { update: this.update, next: undefined };
    const isShared = covered.size === 0;
    const copy = isShared && this.#copies.find((each) => each.index === index && each.maxBytes === maxBytes);
    if (copy) return copy.piece;
    const { structs, deletes, next } = this.#isIntegratedAtOnce ? this.#heldPiece(request) : this.#plainPiece(request);
    const isEmpty = structs.length === 0 && deletes.length === 0;
    const update = isEmpty && next !== undefined ? undefined : copySlices(this.update, { structs, deletes });
    const piece = { update, next };
    if (isShared) this.#copies = [{ index, maxBytes, piece }, ...this.#copies.slice(0, maxCopies - 1)];
    return piece;
  }

  /**
   * The structs that a client has after the pieces before `index`, if it had those of `covered` before. Undefined if a
   * state vector cannot tell it: the pieces are pending in the client, or have gaps.
   */
  coveredBefore(index: number, covered: Covered): Covered | undefined {
    if (index === 0) return covered;
    if (this.#isIntegratedAtOnce || this.#hasSkips) return undefined;
    const clocks = new Map(covered);
    for (const { structs } of this.#pieces.slice(0, index)) {
      for (const { client, clock, end } of structs) {
        const known = clocks.get(client) ?? 0;
        if (clock <= known && end > known) clocks.set(client, end);
      }
    }
    return clocks;
  }

  /** A client is sent the pieces, until `end`. */
  begin(): void {
    this.#users += 1;
  }

  end(): void {
    this.#users -= 1;
  }

  /** Drops the copies of pieces if no client is being sent them. Returns whether it has. */
  dropCopies(): boolean {
    if (this.#users > 0) return false;
    this.#copies = [];
    return true;
  }

  *#planAll(): Generator<number, void> {
    const { update } = this;
    const structs = new SlicePacker(this.update, this.#pieceBytes);
    const read = new UpdateSections(update, structs);
    while (!read.isRead) yield read.read(stepEffort);
    this.#hasSkips = read.hasSkips;
    this.#isIntegratedAtOnce = read.isStructural && structs.packed.length > 1;
    if (this.#isIntegratedAtOnce) this.#holdBack(structs.packed);
    else yield* this.#planInCausalOrder(read.sections);
    const deletes = new SlicePacker(this.update, this.#pieceBytes);
    packDeletes(update, read.structBytes, deletes);
    for (const slices of deletes.packed) this.#addDeletes(slices);
    if (this.#isIntegratedAtOnce && deletes.packed.length === 0) this.#pieces.push(nothing);
  }

  #holdBack(packed: readonly (readonly Slice[])[]): void {
    this.#addPieces(packed);
    for (const slice of packed.flat()) {
      const slices = this.#slicesByClient.get(slice.client);
      if (slices === undefined) this.#slicesByClient.set(slice.client, [slice]);
      else slices.push(slice);
    }
  }

  *#planInCausalOrder(sections: readonly Section[]): Generator<number, void> {
    const order = new CausalOrder(this.update, sections);
    const packer = new SlicePacker(this.update, this.#pieceBytes);
    let effort = 0;
    for (let struct = order.next(); struct !== undefined; struct = order.next()) {
      packer.add(struct);
      effort += effortOf(1, struct.endOffset - struct.offset);
      if (effort < stepEffort) continue;
      this.#addPieces(packer.packed.splice(0));
      yield effort;
      effort = 0;
    }
    packer.close();
    this.#addPieces(packer.packed);
  }

  #addPieces(packed: readonly (readonly Slice[])[]): void {
    for (const structs of packed) this.#pieces.push({ structs, deletes: noSlices });
  }

  /** A piece of deletes, joined with the last structs if they fit. */
  #addDeletes(deletes: readonly Slice[]): void {
    const { structs } = this.#isIntegratedAtOnce ? nothing : (this.#pieces.at(-1) ?? nothing);
    const isJoined = structs.length > 0 && sizeOf([...structs, ...deletes]) <= this.#pieceBytes;
    if (isJoined) this.#pieces.pop();
    this.#pieces.push({ structs: isJoined ? structs : noSlices, deletes });
  }

  #plainPiece({ index, covered }: PieceRequest): SlicesAndNext {
    const { structs, deletes } = this.#pieces[index] ?? nothing;
    return { structs: structs.flatMap((slice) => this.#uncovered(slice, covered)), deletes, next: this.#after(index) };
  }

  /** Pieces of an update that is integrated at once, joined. The last one brings the structs that are held back. */
  #heldPiece({ index, covered, maxBytes }: PieceRequest): SlicesAndNext {
    const { structs, deletes } = this.#pieces[index] ?? nothing;
    const isNew = covered.size === 0;
    if (this.#after(index) === undefined) {
      const held = [...this.#slicesByClient.keys()].flatMap((client) => this.#held(client, covered) ?? []);
      const all = isNew ? deletes : joinSlices(this.#pieces.flatMap((piece) => piece.deletes));
      return { structs: held, deletes: all, next: undefined };
    }
    // Deletes of structs that a client has would take effect before the others.
    if (structs.length === 0) return { structs, deletes: isNew ? deletes : noSlices, next: index + 1 };
    const joined = [...structs];
    let next = index + 1;
    let bytes = sizeOf(structs);
    for (let more = this.#pieces[next]; more !== undefined && more.structs.length > 0; more = this.#pieces[next]) {
      bytes += sizeOf(more.structs);
      if (bytes > maxBytes || [...joined, ...more.structs].some(({ head }) => head !== undefined)) break;
      joined.push(...more.structs);
      next += 1;
    }
    const rest = joined.flatMap((slice) => this.#notHeld(slice, covered));
    return { structs: joinSlices(rest), deletes, next };
  }

  /** The first struct of a client that is not covered. */
  #held(client: number, covered: Covered): Slice | undefined {
    const clock = covered.get(client) ?? 0;
    const slice = this.#slicesByClient.get(client)?.find(({ end }) => end > clock);
    const rest = slice && cutSlice(this.update, slice, clock);
    return rest && splitSlice(this.update, rest).first;
  }

  /** The structs of a slice behind the one that is held back. */
  #notHeld(slice: Slice, covered: Covered): readonly Slice[] {
    const clock = covered.get(slice.client) ?? 0;
    const first = this.#slicesByClient.get(slice.client)?.find(({ end }) => end > clock);
    if (slice !== first) return this.#uncovered(slice, covered);
    return this.#uncovered(slice, covered).flatMap((rest) => splitSlice(this.update, rest).rest ?? []);
  }

  #uncovered(slice: Slice, covered: Covered): readonly Slice[] {
    const clock = covered.get(slice.client) ?? 0;
    if (clock >= slice.end) return noSlices;
    const rest = cutSlice(this.update, slice, clock);
    return rest === undefined ? noSlices : [rest];
  }

  /** The index of the piece after this one. */
  #after(index: number): number | undefined {
    return index + 1 < this.#pieces.length ? index + 1 : undefined;
  }
}
