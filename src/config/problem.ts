import { type Option, type OptionKey, options } from "./options.ts";

/** Where a value comes from. */
export type Origin =
  | { readonly from: "default" }
  | { readonly from: "environment"; readonly variable: string }
  | { readonly from: "flag"; readonly flag: string };

/** A setting that keeps the server from starting. */
export interface Problem {
  readonly setting: OptionKey;
  /** As it was given and may be shown; undefined when it was not given. */
  readonly value: string | undefined;
  readonly origin: Origin;
  /** What to do, as sentences. */
  readonly remedy: string;
}

/** In the place of a secret. */
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

/** A value without what is nobody's business: of a URL, its user and its query. */
export function shownValue(key: OptionKey, value: string): string {
  const { isSecret }: Option<unknown> = options[key];
  if (isSecret === true) return hiddenValue;
  if (!value.includes("://")) return value;
  return value.replace(/:\/\/.*@/s, `://${hiddenValue}@`).replace(/\?.*$/s, `?${hiddenValue}`);
}
