/** An interactive zsh in a terminal of its own, with `script` sourced after `compinit`. */
export class ZshTerminal implements AsyncDisposable {
  readonly #process: Bun.Subprocess;
  #shown = "";
  #grown = Promise.withResolvers<void>();

  private constructor(zsh: string, folder: string) {
    const decoder = new TextDecoder();
    this.#process = Bun.spawn([zsh, "-f", "-i"], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", HOME: folder, TERM: "dumb" },
      terminal: {
        cols: 400,
        rows: 50,
        data: (_, bytes) => {
          this.#shown += decoder.decode(bytes, { stream: true });
          this.#grown.resolve();
          this.#grown = Promise.withResolvers();
        },
      },
    });
  }

  static async open(zsh: string, folder: string, script: string): Promise<ZshTerminal> {
    const opened = new ZshTerminal(zsh, folder);
    const showBuffer = "show() { print -r -- \"<$BUFFER>\"; BUFFER= }; zle -N show; bindkey '^B' show";
    // The quotes keep the echo of the command from looking like its output.
    opened.#type(`autoload -U compinit; compinit -u -d ./dump; source ${script}; ${showBuffer}; echo re''ady\n`);
    await opened.#until((shown) => shown.includes("ready\r\n"));
    return opened;
  }

  /** Resolves with the command line as zsh leaves it when the last word of `line` has been completed. */
  async completed(line: string): Promise<string> {
    this.#shown = "";
    this.#type(`${line}\t\u0002`);
    await this.#until((shown) => /<.*>/.test(shown));
    const [, completed = ""] = /<(.*)>/.exec(this.#shown) ?? [];
    return completed.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }

  #type(text: string): void {
    this.#process.terminal?.write(text);
  }

  async #until(condition: (shown: string) => boolean): Promise<void> {
    while (!condition(this.#shown)) await this.#grown.promise;
  }
}
