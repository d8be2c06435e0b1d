import type { Input } from "./option.ts";

/** A setting as it is shown: secrets are masked, and parts of URLs that may be secret are left out. */
export interface ShownSetting {
  readonly setting: string;
  /** Null for a setting that is not set. */
  readonly value: Input | null;
  /** Where the value is from, for people. */
  readonly origin: string;
  /** Whether a running server takes a new value over. */
  readonly reloadable: boolean;
}
