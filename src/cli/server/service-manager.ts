import type { Environment } from "../../config/sources.ts";
import { monotonicMicroseconds } from "../../lib/system/monotonic-time.ts";
import { sendToUnixSocket } from "../../lib/system/notify-socket.ts";
import type { Clock } from "../../lib/time/clock.ts";

export interface ServiceManagerOptions {
  readonly environment: Environment;
  readonly clock: Clock;
}

/** The time that the manager should wait beyond the drain, for what remains to be written. */
const writingMs = 60_000;

/**
 * Tells systemd how far the server is, by the protocol of sd_notify(3): for units of `Type=notify` and
 * `Type=notify-reload`. It does nothing for a process that no such unit has started.
 *
 * With `WatchdogSec=` it also reports twice in each interval that the event loop runs.
 */
export class ServiceManager {
  readonly #socket: string | undefined;
  readonly #clock: Clock;
  readonly #watchdogMs: number | undefined;
  #cancelWatchdog: (() => void) | undefined;

  constructor({ environment, clock }: ServiceManagerOptions) {
    this.#socket = environment["NOTIFY_SOCKET"];
    this.#clock = clock;
    this.#watchdogMs = watchdogMs(environment);
  }

  /** The server takes connections. `status` is a line for `systemctl status`. */
  ready(status: string): void {
    this.#notify("READY=1", `STATUS=${status}`);
    if (this.#cancelWatchdog === undefined) this.#reportLife();
  }

  /** The server reads its configuration again. `ready` must follow, whether that succeeds or not. */
  reloading(): void {
    const time = monotonicMicroseconds();
    this.#notify("RELOADING=1", ...(time === undefined ? [] : [`MONOTONIC_USEC=${time}`]));
  }

  /** The server stops, which takes `drainMs` and the time for what remains to be written. */
  stopping(drainMs: number): void {
    // The watchdog goes on: a server that hangs while it stops is ended.
    this.#notify("STOPPING=1", "STATUS=Stopping", `EXTEND_TIMEOUT_USEC=${(drainMs + writingMs) * 1_000}`);
  }

  #reportLife(): void {
    if (this.#socket === undefined || this.#watchdogMs === undefined) return;
    this.#notify("WATCHDOG=1");
    this.#cancelWatchdog = this.#clock.after(this.#watchdogMs / 2, () => this.#reportLife());
  }

  #notify(...lines: readonly string[]): void {
    if (this.#socket !== undefined) sendToUnixSocket(this.#socket, lines.join("\n"));
  }
}

/** The interval in which systemd expects a sign of life from this process; undefined if it expects none. */
function watchdogMs({ WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid }: Environment): number | undefined {
  if (pid !== undefined && pid !== String(process.pid)) return undefined;
  const interval = Number(microseconds) / 1_000;
  return interval > 0 ? interval : undefined;
}
