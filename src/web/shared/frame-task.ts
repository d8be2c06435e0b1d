/** Runs a task once in the next frame, however often it is scheduled before. */
export class FrameTask {
  readonly #task: () => void;
  #frame: number | undefined;

  constructor(task: () => void) {
    this.#task = task;
  }

  schedule(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#task();
    });
  }

  cancel(): void {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }
}
