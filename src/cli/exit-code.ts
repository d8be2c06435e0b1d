/** How a command ends. 78 is sysexits' EX_CONFIG: starting again without a change would not help. */
export const exitCodes = { done: 0, failed: 1, usage: 2, badConfiguration: 78 } as const;
