import type { Input } from "../option.ts";

/** Writes an input as a value of TOML. */
export function tomlOf(input: Input): string {
  if (typeof input === "string") return textOf(input);
  if (typeof input !== "object") return String(input);
  return `[${input.map(tomlOf).join(", ")}]`;
}

/** TOML has the escapes of JSON, but DEL must be escaped as well. */
function textOf(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
