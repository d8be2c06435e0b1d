import type { ViewProps } from "../frame/address.ts";

export function OverviewView(_: ViewProps) {
  return <h1>Overview</h1>;
}
