import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../processes/programs.ts";
import { freePort } from "../programs/free-port.ts";
import { DnsResponder } from "./dns-responder.ts";
import { TestAuthority } from "./test-authority.ts";

export interface PebbleOptions {
  /** The port at which it asks for http-01 challenges. */
  readonly httpPort: number;
  /** The life of its certificates. */
  readonly validitySeconds?: number;
  /** How many of 100 nonces it refuses although they are good. */
  readonly refusedNonces?: number;
}

/** The ACME server of Let's Encrypt for tests, with the names of `DnsResponder`. It forgets everything when it ends. */
export class Pebble implements AsyncDisposable {
  /** The URL of its directory. */
  readonly directoryUrl: URL;
  /** A file with the root of its HTTPS certificate. */
  readonly rootsFile: string;
  readonly #folder: string;
  readonly #dns: DnsResponder;
  readonly #command: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #managementUrl: string;
  #process: Bun.Subprocess<"ignore", "ignore", "ignore"> | undefined;

  private constructor(folder: string, dns: DnsResponder, ports: readonly [number, number], options: PebbleOptions) {
    this.#folder = folder;
    this.#dns = dns;
    const [port, managementPort] = ports;
    this.directoryUrl = new URL(`https://localhost:${port}/dir`);
    this.#managementUrl = `https://localhost:${managementPort}`;
    this.rootsFile = join(folder, "root.pem");
    const program = findProgram("pebble") ?? "pebble";
    this.#command = [program, "-config", join(folder, "pebble.json"), "-dnsserver", dns.address];
    this.#environment = {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_WFE_NONCEREJECT: String(options.refusedNonces ?? 0),
      PEBBLE_AUTHZREUSE: "0",
    };
  }

  /** Resolves when it answers. */
  static async start(options: PebbleOptions): Promise<Pebble> {
    const folder = await mkdtemp(join(tmpdir(), "yurt-pebble-"));
    const authority = await TestAuthority.create();
    const { chain, privateKey } = await authority.issue(["localhost"]);
    const ports = [freePort(), freePort()] as const;
    const configuration = {
      listenAddress: `127.0.0.1:${ports[0]}`,
      managementListenAddress: `127.0.0.1:${ports[1]}`,
      certificate: join(folder, "cert.pem"),
      privateKey: join(folder, "key.pem"),
      httpPort: options.httpPort,
      tlsPort: 1,
      ocspResponderURL: "",
      externalAccountBindingRequired: false,
      certificateValidityPeriod: options.validitySeconds ?? 3_600,
    };
    await Promise.all([
      Bun.write(join(folder, "cert.pem"), chain),
      Bun.write(join(folder, "key.pem"), privateKey),
      Bun.write(join(folder, "root.pem"), authority.root),
      Bun.write(join(folder, "pebble.json"), JSON.stringify({ pebble: configuration })),
    ]);
    const pebble = new Pebble(folder, await DnsResponder.start(), ports, options);
    await pebble.run();
    return pebble;
  }

  /** Starts it again, without its accounts and with another root. */
  async run(): Promise<void> {
    this.#process = Bun.spawn([...this.#command], {
      env: { ...this.#environment },
      stdio: ["ignore", "ignore", "ignore"],
    });
    while (!(await this.#answers())) {
      if (this.#process.exitCode !== null) throw new Error("pebble has ended");
      await Bun.sleep(20);
    }
  }

  /** Ends it at once; it is out of reach until `run`. */
  async kill(): Promise<void> {
    this.#process?.kill("SIGKILL");
    await this.#process?.exited;
  }

  /** The root of the certificates that it issues, in PEM. */
  async root(): Promise<string> {
    return (await this.#fetch(`${this.#managementUrl}/roots/0`)).text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    this.#dns[Symbol.dispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    try {
      return (await this.#fetch(this.directoryUrl.href)).ok;
    } catch {
      return false;
    }
  }

  async #fetch(url: string): Promise<Response> {
    return fetch(url, { tls: { ca: await Bun.file(this.rootsFile).text() } });
  }
}
