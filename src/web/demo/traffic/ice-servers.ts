/** The answer of the server's `/ice`: STUN and TURN servers, and how long their credentials are valid. */
export interface IceAnswer {
  readonly iceServers: RTCIceServer[];
  /** In seconds. */
  readonly ttl: number;
}

/** WebRTC starts without servers when there is no answer within this time. */
const patienceMs = 3_000;
const retryMs = 30_000;
/** Credentials are renewed when this part of their time has passed, but not more often than this. */
const renewAfter = 0.75;
const shortestMs = 5_000;
/** The longest delay of a timer in browsers is about 24 days. */
const longestMs = 24 * 3_600_000;

/** The STUN and TURN servers for WebRTC connections, renewed before their credentials expire. */
export class IceServers {
  /** Changed in place: simple-peer copies it for each connection. */
  readonly config: RTCConfiguration = { iceServers: [] };
  readonly #load: () => Promise<IceAnswer | undefined>;
  #ready: Promise<void> | undefined;

  /** `load` resolves with undefined if the server gives none now. */
  constructor(load: () => Promise<IceAnswer | undefined>) {
    this.#load = load;
  }

  /** Asks at the first call. Resolves with the answer, or after the longest useful wait. */
  ready(): Promise<void> {
    this.#ready ??= Promise.race([this.#renew(), new Promise<void>((resolve) => setTimeout(resolve, patienceMs))]);
    return this.#ready;
  }

  async #renew(): Promise<void> {
    const answer = await this.#load();
    if (answer !== undefined) this.config.iceServers = answer.iceServers;
    const delayMs = answer === undefined ? retryMs : Math.max(shortestMs, answer.ttl * 1000 * renewAfter);
    setTimeout(() => void this.#renew(), Math.min(delayMs, longestMs));
  }
}
