import { StoreError } from "../store.ts";

/** The database cannot be used. The message says why, and what to do, in sentences. */
export class DatabaseUnusable extends StoreError {
  /** Whether the same call may succeed soon: the server is starting, or cannot be reached. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false, ...options }: ErrorOptions & { readonly mayPass?: boolean } = {}) {
    super("unavailable", message, options);
    this.name = "DatabaseUnusable";
    this.mayPass = mayPass;
  }
}
