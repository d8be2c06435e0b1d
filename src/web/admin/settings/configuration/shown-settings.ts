import type { ServerSetting } from "../../../../client/server/administration.ts";

/** The server's mask for a secret. */
const mask = "***";

/** The value of a setting as people read it. */
export type ShownValue =
  | { readonly kind: "unset" }
  | { readonly kind: "secret" }
  | { readonly kind: "text"; readonly text: string };

export function shownValue(value: unknown): ShownValue {
  if (value === null || value === undefined) return { kind: "unset" };
  if (value === mask) return { kind: "secret" };
  if (Array.isArray(value)) return value.length === 0 ? { kind: "unset" } : { kind: "text", text: value.join(", ") };
  return { kind: "text", text: typeof value === "string" ? value : JSON.stringify(value) };
}

/** Whether somebody has set it. */
export function isChanged({ origin }: Pick<ServerSetting, "origin">): boolean {
  return origin !== "default" && origin !== "not set";
}

export interface SettingFilter {
  /** Words that the setting, its value or its origin contains, in any case. */
  readonly text: string;
  readonly onlyChanged: boolean;
}

export function filterSettings(
  settings: readonly ServerSetting[],
  { onlyChanged, text }: SettingFilter,
): readonly ServerSetting[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return settings.filter((setting) => {
    if (onlyChanged && !isChanged(setting)) return false;
    const shown = shownValue(setting.value);
    const value = shown.kind === "text" ? shown.text : "";
    const haystack = `${setting.setting} ${value} ${setting.origin}`.toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}
