import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { Workshop } from "../processes/data-folder.ts";
import { executable, Run, run } from "../processes/executable.ts";
import { editedSample, type TomlValues } from "./edited-sample.ts";

export interface SecureClient {
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
}

/** The folder of a person who tries the executable, with the commands and the clients that they use. */
export class DeployedYurt implements AsyncDisposable {
  readonly workshop = new Workshop();
  readonly #domain: string;
  readonly #port: number;
  readonly #clients: SecureClient[] = [];
  #server: Run | undefined;
  /** The root of the server's certificate, in PEM. */
  root = "";

  constructor(domain: string, port: number) {
    this.#domain = domain;
    this.#port = port;
  }

  /** Runs a command to its end and returns its output. Throws unless it succeeds. */
  async yurt(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run({ folder: this.workshop.path, args });
    if (code !== 0 || stderr !== "") throw new Error(`yurt ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.trim();
  }

  /** Writes the configuration file that `yurt config init` writes, with these values. */
  async configure(values: TomlValues): Promise<void> {
    await this.yurt("config", "init", "--output", "yurt.toml");
    const file = this.workshop.file("yurt.toml");
    writeFileSync(file, editedSample(readFileSync(file, "utf8"), values));
  }

  /** The server that was started last. */
  get server(): Run {
    if (this.#server === undefined) throw new Error("no server was started");
    return this.#server;
  }

  start(program = executable): Run {
    this.#server = new Run({ folder: this.workshop.path, command: [program], args: ["serve"] });
    return this.#server;
  }

  /** Ends the server and resolves with its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null | undefined> {
    this.#server?.kill(signal);
    return (await this.#server?.ended())?.code;
  }

  /** Requests a path under the domain, with its certificate checked. */
  async fetch(path: string): Promise<Response> {
    return fetch(`https://127.0.0.1:${this.#port}${path}`, {
      headers: { host: this.#domain },
      tls: { ca: this.root, serverName: this.#domain },
    });
  }

  /** The serial number of the certificate that the server presents. */
  async servedCertificate(): Promise<string> {
    const socket = connect({ host: "127.0.0.1", port: this.#port, servername: this.#domain, ca: this.root });
    try {
      await once(socket, "secureConnect");
      return socket.getPeerCertificate().serialNumber;
    } finally {
      socket.destroy();
    }
  }

  /** A y-websocket client that connects to `wss://<domain>/sync`. */
  connect(document: string, token: string): SecureClient {
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`wss://127.0.0.1:${this.#port}/sync`, document, doc, {
      disableBc: true,
      maxBackoffTime: 200,
      params: { token },
      WebSocketPolyfill: this.#socketClass(),
    });
    const client = { text: doc.getText("text"), provider };
    this.#clients.push(client);
    return client;
  }

  disconnect(): void {
    for (const { provider } of this.#clients.splice(0)) {
      provider.destroy();
      provider.awareness.destroy();
      provider.doc.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disconnect();
    await this.end("SIGKILL");
    this.workshop[Symbol.dispose]();
  }

  /** The name of the domain is not resolved here, so sockets connect to loopback and check the certificate's name. */
  #socketClass(): typeof WebSocket {
    const options = { headers: { Host: this.#domain }, tls: { ca: this.root, serverName: this.#domain } };
    return class extends WebSocket {
      constructor(url: string | URL) {
        super(url, options);
      }
    } as typeof WebSocket;
  }
}
