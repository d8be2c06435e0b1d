import type { Clock } from "../../lib/time/clock.ts";
import type { CloseReason } from "../close-reason.ts";
import type { Connection } from "../connection.ts";

/** The session of one client. */
export interface ClosableSession {
  readonly connection: Pick<Connection, "close"> & {
    /** Reads nothing more from the client. */
    pause(): void;
  };
  /** The bytes of the frames that have come and are not handled yet. */
  readonly waitingBytes: number;
}

export interface ClosingWavesOptions {
  /** Resolves when everything is stored and acknowledged that was read by now. It is not waited for for long. */
  readonly settle: () => Promise<void>;
  readonly reason: CloseReason;
  /** The time in which all waves but the last are closed. */
  readonly durationMs: number;
  readonly clock: Clock;
}

/** The connections of a wave, where the time suffices: as many clients may return at once without harm. */
const waveSize = 100;
/** The time between two waves, on average. */
const intervalMs = 250;
/**
 * The longest time for which a wave waits, for frames that are not handled and for a store that fails: clients keep what
 * is not acknowledged, and send it again.
 */
const maxSettleMs = 1_000;
/** The interval at which the waiting frames are checked. */
const lookMs = 5;

/**
 * Closes sessions in waves, so that their clients do not all reconnect at once. The order and the time between two waves
 * are random. A client is told of everything that is stored before it is closed.
 *
 * The last wave stays open, for the caller to close; so do all sessions if they fit into one wave or if `durationMs` is
 * too short for two. Nothing more is read from it, and all frames read before are handled when this resolves.
 *
 * Resolves within `durationMs` and the longest time for a wave. More than 100 sessions in 250 ms are closed only if the
 * time demands it.
 */
export async function closeInWaves(
  sessions: Iterable<ClosableSession>,
  { settle, reason, durationMs, clock }: ClosingWavesOptions,
): Promise<void> {
  const wait = (ms: number) => new Promise<void>((resolve) => clock.after(Math.max(0, ms), resolve));
  const handleWaiting = async (wave: readonly ClosableSession[]) => {
    for (const { connection } of wave) connection.pause();
    const endsAt = clock.elapsedMs() + maxSettleMs;
    while (wave.some(({ waitingBytes }) => waitingBytes > 0) && clock.elapsedMs() < endsAt) await wait(lookMs);
  };
  const left = shuffled(sessions);
  const waves = Math.max(1, Math.floor(durationMs / intervalMs));
  const size = Math.max(waveSize, Math.ceil(left.length / waves));
  const startedAt = clock.elapsedMs();
  for (let index = 0; left.length > size; index += 1) {
    const wave = left.splice(-size);
    await handleWaiting(wave);
    await Promise.race([settle(), wait(maxSettleMs)]);
    for (const { connection } of wave) connection.close(reason);
    // Each wave has an interval of its own, so that late ones do not add up.
    await wait(startedAt + (index + Math.random()) * intervalMs - clock.elapsedMs());
  }
  await handleWaiting(left);
}

/** Fisher–Yates. */
function shuffled<T>(items: Iterable<T>): T[] {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const chosen = Math.floor(Math.random() * (last + 1));
    // Both are indexes of the array.
    [all[last], all[chosen]] = [all[chosen] as T, all[last] as T];
  }
  return all;
}
