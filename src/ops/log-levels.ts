/** The levels of the log, from the most lines to none. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
