/** The memory that a snapshot takes while it is being sent to one client. */
export interface SnapshotLoad {
  /** The objects whose bytes the snapshot keeps in memory, with their sizes. They count once for all snapshots. */
  readonly sources: ReadonlyMap<object, number>;
  /** The bytes that are copied for this client's socket at a time. */
  readonly ownBytes: number;
}

interface Source {
  readonly bytes: number;
  snapshots: number;
}

/** The bytes of a set of snapshots, and their limit. */
export class SnapshotShare {
  readonly limitBytes: number;
  readonly #sources = new Map<object, Source>();
  #bytes = 0;
  #snapshots = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#snapshots === 0;
  }

  /** The bytes that a further snapshot would add. */
  addedBytes({ sources, ownBytes }: SnapshotLoad): number {
    let bytes = ownBytes;
    for (const [source, sourceBytes] of sources) if (!this.#sources.has(source)) bytes += sourceBytes;
    return bytes;
  }

  /** Whether a further snapshot fits. One that is larger than the limit fits when there is no other. */
  fits(load: SnapshotLoad): boolean {
    return this.isEmpty || this.#bytes + this.addedBytes(load) <= this.limitBytes;
  }

  has(source: object): boolean {
    return this.#sources.has(source);
  }

  add(load: SnapshotLoad): void {
    this.#snapshots += 1;
    this.#bytes += load.ownBytes;
    for (const [source, bytes] of load.sources) {
      const known = this.#sources.get(source);
      if (known !== undefined) known.snapshots += 1;
      else {
        this.#sources.set(source, { bytes, snapshots: 1 });
        this.#bytes += bytes;
      }
    }
  }

  remove(load: SnapshotLoad): void {
    this.#snapshots -= 1;
    this.#bytes -= load.ownBytes;
    for (const source of load.sources.keys()) {
      const known = this.#sources.get(source);
      if (known === undefined) continue;
      known.snapshots -= 1;
      if (known.snapshots > 0) continue;
      this.#sources.delete(source);
      this.#bytes -= known.bytes;
    }
  }
}
