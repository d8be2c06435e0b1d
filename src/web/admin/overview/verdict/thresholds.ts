const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * The server needs attention beyond these values. They are those of `alerts.yml`, so that the page and Prometheus agree
 * (docs/monitoring.md).
 */
export const thresholds = {
  /** The least free space on the disk of the data folder. */
  diskBytes: 1e9,
  /** The greatest age of the latest backup; twice the interval of the schedule if that is longer. */
  backupAgeMs: 2 * dayMs,
  /** A first backup may take so long after the start. */
  firstBackupMs: 60 * minuteMs,
  /** A certificate is renewed earlier than so long before it expires. */
  certificateMs: 7 * dayMs,
  /** The greatest part of a limit that is in use. */
  usedPart: 0.9,
  /** The longest time until an update is acknowledged, for 99 of 100. */
  acknowledgementP99Ms: 500,
  /** The longest time for which the event loop is busy, for 99 of 100. */
  eventLoopLagP99Ms: 100,
  /** The time over which the two above are judged: half of its samples are beyond them. */
  slowMs: 5 * minuteMs,
  /** Fewer measurements than those of a minute say nothing. */
  leastMeasuredMs: minuteMs,
  /** A webhook may fail for so long: an application that is restarted is no trouble. */
  webhookMs: 10 * minuteMs,
  /** An error of the log counts for so long. */
  errorMs: 60 * minuteMs,
} as const;
