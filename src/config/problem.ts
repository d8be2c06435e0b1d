import type { Option } from "./option.ts";

/** Where a value comes from. */
export type Origin =
  | { readonly from: "default" }
  | { readonly from: "environment"; readonly variable: string }
  | { readonly from: "flag"; readonly flag: string };

/** An error in the configuration, at one of its settings. */
export interface Problem {
  /** The key of an option. */
  readonly setting: string;
  /** The value as it was given, with secrets masked; undefined when it was not given. */
  readonly value: string | undefined;
  readonly origin: Origin;
  /** The remedy, in sentences. */
  readonly remedy: string;
}

/** The mask shown instead of a secret. */
export const hiddenValue = "***";

export function describeOrigin(origin: Origin): string {
  switch (origin.from) {
    case "default":
      return "default";
    case "environment":
      return `environment variable ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
  }
}

/** A value without its confidential parts: the user and the query of a URL are left out, and secrets entirely. */
export function shownValue({ isSecret }: Pick<Option<unknown>, "isSecret">, value: string): string {
  if (isSecret === true) return hiddenValue;
  if (!value.includes("://")) return value;
  return value.replace(/:\/\/.*@/s, `://${hiddenValue}@`).replace(/\?.*$/s, `?${hiddenValue}`);
}
