import * as decoding from "lib0/decoding";
import { isStructural } from "./item-content.ts";
import { readUint } from "./strict-decoding.ts";
import { isAtSkip, readStruct, type StructVisitor } from "./update-reader.ts";
import type { SlicePacker } from "./update-slices.ts";

/** The structs of one client in an update. */
export interface Section {
  readonly client: number;
  readonly clock: number;
  /** The clock that follows the last struct. */
  readonly end: number;
  readonly offset: number;
  readonly count: number;
}

type OpenSection = { -readonly [Key in keyof Section]: Section[Key] };

/** The effort of reading structs: a number that is about proportional to the time. */
export function effortOf(structs: number, bytes: number): number {
  return structs + bytes / 256;
}

/**
 * Finds the sections of an update, and packs its structs in their order. An update does not tell where a section or a
 * struct begins, so all of it has to be read: it is read in bounded steps.
 */
export class UpdateSections {
  readonly #decoder: decoding.Decoder;
  readonly #sections: OpenSection[] = [];
  readonly #packer: SlicePacker;
  #sectionsLeft: number;
  #structsLeft = 0;
  /** The number of Skips before the next struct. */
  #skips = 0;
  #isStructural = false;
  #hasSkips = false;
  readonly #visitor: StructVisitor = {
    struct: () => {},
    content: (ref, firstByte) => {
      this.#isStructural ||= isStructural(ref, firstByte);
    },
  };

  /** Throws `DecodeError`, as `read` does, for an update that is malformed. */
  constructor(update: Uint8Array, packer: SlicePacker) {
    this.#decoder = decoding.createDecoder(update);
    this.#packer = packer;
    this.#sectionsLeft = readUint(this.#decoder);
  }

  /** In the order of the update. */
  get sections(): readonly Section[] {
    return this.#sections;
  }

  /** Whether any struct that is read is structural. */
  get isStructural(): boolean {
    return this.#isStructural;
  }

  /** Whether any Skip is read. */
  get hasSkips(): boolean {
    return this.#hasSkips;
  }

  get isRead(): boolean {
    return this.#sectionsLeft === 0 && this.#structsLeft === 0;
  }

  /** The offset of the deletes, once all is read. */
  get structBytes(): number {
    return this.#decoder.pos;
  }

  /** Reads the next structs, with about this effort. Returns the effort. */
  read(maxEffort: number): number {
    const decoder = this.#decoder;
    const start = decoder.pos;
    let section = this.#sections.at(-1);
    let effort = 0;
    for (let count = 1; effort < maxEffort && !this.isRead; count += 1) {
      if (section === undefined || this.#structsLeft === 0) section = this.#open();
      this.#readStruct(section);
      effort = effortOf(count, decoder.pos - start);
    }
    if (this.isRead) this.#packer.close();
    return effort;
  }

  #readStruct(section: OpenSection): void {
    const { client, end: clock } = section;
    const offset = this.#decoder.pos;
    const isSkip = isAtSkip(this.#decoder);
    const end = readStruct(this.#decoder, { client, clock }, this.#visitor);
    section.end = end;
    this.#structsLeft -= 1;
    const skips = this.#skips;
    this.#skips = isSkip ? skips + 1 : 0;
    this.#hasSkips ||= isSkip;
    if (!isSkip) this.#packer.add({ client, clock, end, skips, offset, endOffset: this.#decoder.pos });
  }

  #open(): OpenSection {
    const count = readUint(this.#decoder);
    const client = readUint(this.#decoder);
    const clock = readUint(this.#decoder);
    const section = { client, clock, end: clock, offset: this.#decoder.pos, count };
    this.#sections.push(section);
    this.#sectionsLeft -= 1;
    this.#structsLeft = count;
    this.#skips = 0;
    return section;
  }
}
