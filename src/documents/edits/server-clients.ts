import type { WrittenClocks } from "./content-job.ts";

/** The documents whose client id is remembered; one that is forgotten gets a new id with its next edit. */
const maxRemembered = 10_000;

/**
 * The client ids with which the server has written into documents, since its start.
 *
 * Each new id makes the state vector of a document larger for ever, so an id is used again. It may be used only by
 * edits that follow each other, on a document that holds exactly what was written with it: two different edits with
 * the same clocks would make clients diverge for ever. So ids are not kept over a restart, after which a restored backup or
 * a power loss may have taken edits back; and the worker compares the clocks before it uses an id, since a document may
 * have been purged and made anew.
 */
export class ServerClients {
  readonly #written = new Map<string, WrittenClocks>();

  of(document: string): WrittenClocks | undefined {
    return this.#written.get(document);
  }

  wrote(document: string, clocks: WrittenClocks): void {
    this.#written.delete(document);
    this.#written.set(document, clocks);
    if (this.#written.size <= maxRemembered) return;
    for (const oldest of this.#written.keys()) {
      this.#written.delete(oldest);
      break;
    }
  }

  /** Makes the next edit use a new id: it is unknown what became of the last one. */
  forget(document: string): void {
    this.#written.delete(document);
  }
}
