import type { ViewProps } from "../frame/address.ts";

export function AccessView(_: ViewProps) {
  return <h1>Access</h1>;
}
