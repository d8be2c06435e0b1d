import { Samples } from "../../statistics.ts";
import type { NodeTimes } from "./node-traffic.ts";

export interface DeliveryOptions {
  /** The number of updates of each writer. */
  readonly updates: number;
  /** The first one that counts. */
  readonly first: number;
}

/** The milliseconds from the creation of each update on one node to its delivery on each of the others. */
export function deliveryDelays(nodes: readonly NodeTimes[], { updates, first }: DeliveryOptions): Float64Array {
  const delays = new Samples();
  for (const [writer, { createdAt }] of nodes.entries()) {
    const others = nodes.filter((node) => node !== nodes[writer]);
    for (const deliveredAt of others.flatMap((other) => other.deliveredAt[writer] ?? [])) {
      for (const [index, at] of deliveredAt.entries())
        if (index % updates >= first) delays.add(at - (createdAt[index] ?? 0));
    }
  }
  return delays.values;
}
