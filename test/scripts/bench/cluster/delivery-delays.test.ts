import { expect, test } from "bun:test";
import { deliveryDelays } from "../../../../scripts/bench/cluster/nodes/delivery-delays.ts";

const none = new Float64Array(4);

test("delays are from the creation on one node to the delivery on each other, without the warm-up", () => {
  // Two rooms with two updates of each writer, the first of which warms up.
  const nodes = [
    { createdAt: Float64Array.of(0, 10, 0, 20), deliveredAt: [none, Float64Array.of(900, 103, 900, 104)] },
    { createdAt: Float64Array.of(0, 100, 0, 100), deliveredAt: [Float64Array.of(900, 11, 900, 22), none] },
  ];
  expect([...deliveryDelays(nodes, { updates: 2, first: 1 })].sort()).toEqual([1, 2, 3, 4]);
  expect(deliveryDelays(nodes, { updates: 2, first: 0 })).toHaveLength(8);
});
