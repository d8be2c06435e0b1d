import type { Clock } from "../../lib/time/clock.ts";
import type { TransferListener, TransferSums } from "../../storage/transfer/transfer.ts";
import type { Output } from "../command.ts";
import { formatBytes, formatCount, formatName, formatThings } from "../output/print.ts";

/** The time between two changes of the line on a terminal, and between two lines elsewhere. */
const terminalIntervalMs = 250;
const lineIntervalMs = 10_000;
/** The line must not wrap: it could not be written over. */
const terminalColumns = 79;

interface ProgressOptions {
  readonly output: Output;
  readonly clock: Pick<Clock, "elapsedMs">;
}

/** Shows how far a transfer has come: in one line on a terminal, in a line every ten seconds elsewhere. */
export class TransferProgress implements TransferListener {
  readonly #options: ProgressOptions;
  #all = 0;
  #copiedBefore = 0;
  #startedAt: number;
  #copiedAt: number;
  #isComparing = false;
  #shownAt: number;
  #hasLine = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startedAt = options.clock.elapsedMs();
    this.#copiedAt = this.#startedAt;
    this.#shownAt = this.#startedAt;
  }

  begins(all: number, copiedBefore: number): void {
    this.#all = all;
    this.#copiedBefore = copiedBefore;
    if (copiedBefore > 0) this.#write(`Going on: ${formatThings(copiedBefore, "document")} are there already.`);
  }

  copied(sums: TransferSums): void {
    this.#show("Copied", sums, this.#copiedBefore);
    this.#copiedAt = this.#options.clock.elapsedMs();
  }

  compared(sums: TransferSums): void {
    if (!this.#isComparing) this.#startedAt = this.#copiedAt;
    this.#isComparing = true;
    this.#show("Compared", sums, 0);
  }

  differs(name: string): void {
    this.#write(`${formatName(name)} is not the same in the copy.`);
  }

  /** Removes the line from the terminal. */
  end(): void {
    if (this.#hasLine) this.#options.output.write("\r\u001b[K");
    this.#hasLine = false;
  }

  #show(verb: string, { bytes, documents }: TransferSums, before: number): void {
    const { clock, output } = this.#options;
    const now = clock.elapsedMs();
    if (now - this.#shownAt < (output.isTTY === true ? terminalIntervalMs : lineIntervalMs)) return;
    this.#shownAt = now;
    const text =
      `${verb} ${formatCount(before + documents)} of ${formatThings(this.#all, "document")}, ` +
      `${formatBytes(bytes)}${formatRate({ bytes, documents }, now - this.#startedAt)}`;
    if (output.isTTY !== true) {
      output.write(`${text}\n`);
      return;
    }
    output.write(`\r\u001b[K${text.slice(0, terminalColumns)}`);
    this.#hasLine = true;
  }

  #write(text: string): void {
    this.end();
    this.#options.output.write(`yurt: ${text}\n`);
  }
}

function formatRate({ bytes, documents }: Pick<TransferSums, "bytes" | "documents">, elapsedMs: number): string {
  if (elapsedMs <= 0) return "";
  const perSecond = (count: number) => Math.round((count * 1_000) / elapsedMs);
  return ` (${formatCount(perSecond(documents))}/s, ${formatBytes(perSecond(bytes))}/s)`;
}
