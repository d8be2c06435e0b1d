import type { ViewProps } from "../frame/address.ts";

export function RoomsView(_: ViewProps) {
  return <h1>Rooms</h1>;
}
