import type { Input, Option } from "./option.ts";

/** A place in a configuration file. */
export interface FilePosition {
  /** The path as it was given or searched. */
  readonly path: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
}

/** Where a value comes from. */
export type Origin =
  | { readonly from: "default" }
  | ({ readonly from: "file" } & FilePosition)
  | { readonly from: "environment"; readonly variable: string }
  | { readonly from: "flag"; readonly flag: string };

/** An error in the configuration, at one of its settings. */
export interface SettingProblem {
  /** The key of an option. */
  readonly setting: string;
  /** The value as it was given, with secrets masked; undefined when it was not given. */
  readonly value: Input | undefined;
  readonly origin: Origin;
  /** The remedy, in sentences. */
  readonly remedy: string;
}

/** An error in the configuration file that is not the value of a setting. */
export interface FileProblem {
  readonly path: string;
  /** Undefined when the file cannot be read. */
  readonly position: FilePosition | undefined;
  /** The error, as a sentence without its full stop. */
  readonly message: string;
  /** The remedy, in sentences. */
  readonly remedy: string;
  /** The keys of the settings that may be meant; undefined when all of them may be wrong. */
  readonly concerns: readonly string[] | undefined;
}

export type Problem = SettingProblem | FileProblem;

/** The mask shown instead of a secret. */
export const hiddenValue = "***";

export function describeOrigin(origin: Origin): string {
  switch (origin.from) {
    case "default":
      return "default";
    case "file":
      return describePosition(origin);
    case "environment":
      return `environment variable ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
  }
}

/** Formats as `./yurt.toml:3:8`. */
export function describePosition({ path, line, column }: FilePosition): string {
  return `${path}:${line}:${column}`;
}

/**
 * The first line of a problem, without its remedy. Values are quoted as JSON, so that spaces are visible and control
 * characters have no effect.
 */
export function describeProblem(problem: Problem): string {
  if ("setting" in problem) {
    const { setting, value, origin } = problem;
    return `${setting} ${value === undefined ? "is not set" : `= ${JSON.stringify(value)} (${describeOrigin(origin)})`}`;
  }
  const { path, position, message } = problem;
  return `${position === undefined ? path : describePosition(position)}: ${message}`;
}

/** A value without its confidential parts: the user and the query of a URL are left out, and secrets entirely. */
export function shownValue({ isSecret }: Pick<Option<unknown>, "isSecret">, value: Input): Input {
  if (isSecret === true) return hiddenValue;
  if (typeof value === "string") return shownText(value);
  if (typeof value !== "object") return value;
  return value.map((element) => (typeof element === "string" ? shownText(element) : element));
}

function shownText(text: string): string {
  // A URL whose scheme was forgotten may have a password all the same.
  if (!text.includes("://")) return text.replace(/^[^\s:/@]+:[^\s/@]*@/, `${hiddenValue}@`);
  return text.replace(/:\/\/.*@/s, `://${hiddenValue}@`).replace(/\?.*$/s, `?${hiddenValue}`);
}
