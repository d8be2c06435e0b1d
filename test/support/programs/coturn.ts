import { join } from "node:path";
import { connectTurn } from "../../../src/turn/client/sockets/connect-turn.ts";
import type { IssuedCertificate } from "../https/test-authority.ts";
import { findProgram } from "../processes/programs.ts";
import { freePort } from "./free-port.ts";

const host = "127.0.0.1";

export interface CoturnOptions {
  /** An existing folder for its files. */
  readonly folder: string;
  readonly realm: string;
  readonly secret: string;
  readonly certificate: IssuedCertificate;
}

/** A real coturn on loopback, which relays to peers on loopback, until it is disposed of. */
export class Coturn implements AsyncDisposable {
  /** The port for UDP and TCP. */
  readonly port: number = freePort();
  readonly tlsPort: number = freePort();
  readonly #process: Bun.Subprocess<"ignore", "pipe", "ignore">;
  readonly #output: Promise<string>;

  static async start(options: CoturnOptions): Promise<Coturn> {
    await Bun.write(join(options.folder, "chain.pem"), options.certificate.chain);
    await Bun.write(join(options.folder, "key.pem"), options.certificate.privateKey);
    const coturn = new Coturn(options);
    await coturn.#ready();
    return coturn;
  }

  private constructor({ folder, realm, secret }: CoturnOptions) {
    this.#process = Bun.spawn(
      [
        findProgram("turnserver") ?? "turnserver",
        ...["-n", "--no-cli", "--no-dtls", "--allow-loopback-peers", "--fingerprint", "--log-file=stdout"],
        ...["-L", host, "-E", host, "-p", `${this.port}`, "--tls-listening-port", `${this.tlsPort}`],
        ...["--cert=chain.pem", "--pkey=key.pem", "--pidfile=coturn.pid", "-m", "1"],
        ...[`--realm=${realm}`, "--use-auth-secret", `--static-auth-secret=${secret}`, "--stale-nonce=600"],
      ],
      { cwd: folder, env: {}, stdio: ["ignore", "pipe", "ignore"] },
    );
    this.#output = this.#process.stdout.text();
  }

  async #ready(): Promise<void> {
    for (;;) {
      const client = await connectTurn({ transport: "udp", host, port: this.port, timeoutMs: 200 });
      const isReady = await client.binding().then(
        () => true,
        () => false,
      );
      client.close();
      if (isReady) return;
      if (this.#process.exitCode !== null) throw new Error(`coturn has ended:\n${await this.#output}`);
      await Bun.sleep(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
