import type { ViewProps } from "../frame/address.ts";

export function SettingsView(_: ViewProps) {
  return <h1>Settings</h1>;
}
