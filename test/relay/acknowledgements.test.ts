import { expect, test } from "bun:test";
import { Acknowledgements } from "../../src/relay/acknowledgements.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeConnection } from "../support/fake-connection.ts";

test("acknowledgements go out in order per connection, with the flush or at the end of the turn, once", () => {
  const clock = new FakeClock();
  const acknowledgements = new Acknowledgements(clock);
  const [a, b] = [new FakeConnection("a"), new FakeConnection("b")];
  acknowledgements.add(a, () => a.send("1"));
  acknowledgements.add(b, () => b.send("2"));
  acknowledgements.add(a, () => a.send("3"));
  expect([a.take(), b.take()]).toEqual([[], []]);
  acknowledgements.flush();
  expect([a.take(), b.take()]).toEqual([["1", "3"], ["2"]]);
  acknowledgements.add(b, () => b.send("4"));
  clock.runTurns();
  expect([a.take(), b.take()]).toEqual([[], ["4"]]);
  clock.runTurns();
  expect([a.take(), b.take()]).toEqual([[], []]);
});
