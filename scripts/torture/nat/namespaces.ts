/** Network namespaces of Linux, each with a network stack of its own. They need the rights of root. */
export class Namespaces implements AsyncDisposable {
  readonly #prefix: string;
  readonly #names: string[] = [];

  constructor() {
    // Network interfaces of other runs may exist beside these, and have names of at most 15 characters.
    this.#prefix = `yt${process.pid.toString(36)}`;
  }

  /** The name for `ip netns` of a namespace, or of an interface. */
  nameOf(short: string): string {
    return `${this.#prefix}${short}`;
  }

  async add(short: string): Promise<void> {
    await run(["ip", "netns", "add", this.nameOf(short)]);
    this.#names.push(short);
    await this.ip(short, "link set lo up");
  }

  /** The words that run a command in the namespace. */
  prefixOf(short: string): readonly string[] {
    return ["ip", "netns", "exec", this.nameOf(short)];
  }

  /** Runs `ip` with these arguments in the namespace. */
  async ip(short: string, args: string): Promise<void> {
    await run(["ip", "-n", this.nameOf(short), ...args.split(" ")]);
  }

  /** Connects two namespaces with a cable: each gets an interface of that name. */
  async connect(one: string, oneInterface: string, other: string, otherInterface: string): Promise<void> {
    await this.ip(one, `link add ${oneInterface} type veth peer name ${otherInterface} netns ${this.nameOf(other)}`);
    await this.ip(one, `link set ${oneInterface} up`);
    await this.ip(other, `link set ${otherInterface} up`);
  }

  /** Replaces the packet filter of the namespace. */
  async filter(short: string, rules: string): Promise<void> {
    await run([...this.prefixOf(short), "nft", "-f", "-"], `flush ruleset\n${rules}`);
  }

  /** Lets the namespace pass packets on between its interfaces. */
  async forward(short: string): Promise<void> {
    await run([...this.prefixOf(short), "sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The cables end with their namespaces.
    for (const name of this.#names) await run(["ip", "netns", "del", this.nameOf(name)]);
  }
}

/** Rejects with what the command prints when it fails. */
async function run(command: readonly string[], input = ""): Promise<void> {
  const child = Bun.spawn([...command], { stdin: new TextEncoder().encode(input), stdout: "ignore", stderr: "pipe" });
  const errors = await child.stderr.text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")}: ${errors.trim()}`);
}
