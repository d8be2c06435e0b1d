import { linkTo } from "../../frame/address.ts";
import { type ListPlace, queryOf } from "./list-order.ts";

/** The address of a part of the list. */
export function listAddress(place: ListPlace): string {
  return linkTo("documents", [], queryOf(place));
}
