import type { PageOptions } from "../../../../client/client.ts";

/** The order of the list: by name, in pages; or the first documents by another fact. */
export type ListOrder = "name" | NonNullable<PageOptions["order"]>;

/** The part of the documents that the list shows. */
export interface ListPlace {
  /** The names begin with it. */
  readonly prefix: string;
  readonly order: ListOrder;
  readonly isDeleted: boolean;
  /** The `next` of the page before. */
  readonly after: string | undefined;
}

/** The documents in a page. */
const pageSize = 100;
/** The documents in an order that has no pages. */
export const orderedSize = 200;

export const orders = [
  { id: "name", label: "Name" },
  { id: "bytes", label: "Size" },
  { id: "updated", label: "Last change" },
] as const satisfies readonly { readonly id: ListOrder; readonly label: string }[];

type Query = Readonly<Record<string, string | undefined>>;

/** Reads the query of an address. */
export function listPlaceOf(query: Query): ListPlace {
  const order = orders.find(({ id }) => id === query["order"])?.id ?? "name";
  return {
    prefix: query["prefix"] ?? "",
    order,
    isDeleted: query["show"] === "deleted",
    after: order === "name" ? query["after"] : undefined,
  };
}

/** The query of the address of a part of the list. */
export function queryOf({ after, isDeleted, order, prefix }: ListPlace): Query {
  return { show: isDeleted ? "deleted" : undefined, order: order === "name" ? undefined : order, prefix, after };
}

/** The request for a part of the list. */
export function pageOptionsOf({ after, isDeleted, order, prefix }: ListPlace): PageOptions {
  const common = { prefix: prefix === "" ? undefined : prefix, deleted: isDeleted };
  return order === "name" ? { ...common, limit: pageSize, after } : { ...common, limit: orderedSize, order };
}

/** The cursor of the page before, in the trail of those that were seen; undefined if it was not seen. */
export function pageBefore(trail: readonly string[], after: string | undefined): string | undefined {
  if (after === undefined) return undefined;
  const index = trail.indexOf(after);
  return index > 0 ? trail[index - 1] : undefined;
}
