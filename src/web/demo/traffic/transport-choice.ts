import { isRecord } from "../../shared/foreign-json.ts";
import { Stored } from "../../shared/stored.ts";

/** The transports that this window uses. "Offline" means that both are off. */
export interface Transports {
  readonly webrtc: boolean;
  readonly websocket: boolean;
}

const noTransport: Transports = { webrtc: false, websocket: false };

/** The switches as the user has set them in this window. A reload keeps them. */
export class TransportChoice {
  readonly #stored: Stored;
  readonly #isWebsocketPossible: boolean;
  #wanted: Transports;
  /** The transports to switch on again when "Offline" is switched off. */
  #interrupted: Transports;

  constructor(room: string, isWebsocketPossible: boolean) {
    this.#stored = new Stored("session", `yurt.transports/${room}`);
    this.#isWebsocketPossible = isWebsocketPossible;
    const all = { webrtc: true, websocket: true };
    const kept = this.#stored.read();
    this.#wanted = this.#possible(isRecord(kept) ? (readTransports(kept["wanted"]) ?? all) : all);
    this.#interrupted = this.#possible(isRecord(kept) ? (readTransports(kept["interrupted"]) ?? all) : all);
  }

  get wanted(): Transports {
    return this.#wanted;
  }

  turn(change: Partial<Transports>): void {
    this.#want({ ...this.#wanted, ...change });
  }

  goOffline(isOffline: boolean): void {
    if (isOffline) this.#interrupted = this.#wanted;
    this.#want(isOffline ? noTransport : this.#interrupted);
  }

  #want(transports: Transports): void {
    this.#wanted = this.#possible(transports);
    this.#stored.write({ wanted: this.#wanted, interrupted: this.#interrupted });
  }

  #possible({ webrtc, websocket }: Transports): Transports {
    return { webrtc, websocket: websocket && this.#isWebsocketPossible };
  }
}

function readTransports(value: unknown): Transports | undefined {
  if (!isRecord(value)) return undefined;
  const { webrtc, websocket } = value;
  return typeof webrtc === "boolean" && typeof websocket === "boolean" ? { webrtc, websocket } : undefined;
}
