/** The schedule of a server's backups. */
export interface BackupOptions {
  readonly everyMs: number;
  /** The number of backups that are kept. */
  readonly keep: number;
  /** The folder, which no other server uses. It is created if it does not exist. */
  readonly folder: string;
  /** A command line for the shell, which runs after each backup. */
  readonly command: string | undefined;
  readonly commandTimeoutMs: number;
}
