/** The exit codes of all commands. 78 is sysexits' EX_CONFIG: a restart without a change would not help. */
export const exitCodes = { done: 0, failed: 1, usage: 2, badConfiguration: 78 } as const;
