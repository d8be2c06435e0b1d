import type { ViewProps } from "../frame/address.ts";

export function DocumentsView(_: ViewProps) {
  return <h1>Documents</h1>;
}
