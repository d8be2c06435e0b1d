import { expect, test } from "bun:test";
import { formatIpAddress } from "../../../src/lib/address/ip-address.ts";
import { attributes } from "../../../src/turn/message/attributes.ts";
import { type MessageClass, methods } from "../../../src/turn/message/message-type.ts";
import { StunWriter } from "../../../src/turn/message/stun-writer.ts";
import { newTransactionId, outcomeOf } from "../../support/turn/request-writer.ts";
import { TestTurn } from "../../support/turn/test-turn.ts";

test.each(["198.51.100.7", "2001:db8::7"])(
  "B1: %s is told its own address and port, with its transaction id",
  (address) => {
    const client = new TestTurn().client({ address, port: 4_321 });
    const request = client.unsigned(methods.binding);
    const answer = client.ask(request);
    const mapped = answer?.addressOf(attributes.xorMappedAddress);
    expect(mapped && [formatIpAddress(mapped.ip), mapped.port]).toEqual([address, 4_321]);
    expect(answer?.transactionId).toEqual(request.slice(8, 20));
    expect(outcomeOf(answer)).toBe("success");
  },
);

test("B2: an unknown attribute that must be understood is answered 420, which names it", () => {
  const client = new TestTurn().client();
  const answer = client.ask(client.unsigned(methods.binding, (writer) => writer.uint32(0x7777, 1)));
  expect(outcomeOf(answer)).toBe(420);
  expect(answer?.bytesOf(attributes.unknownAttributes)).toEqual(Uint8Array.of(0x77, 0x77));
});

test("B3: an unknown attribute that need not be understood is ignored", () => {
  const client = new TestTurn().client();
  expect(outcomeOf(client.ask(client.unsigned(methods.binding, (writer) => writer.uint32(0x9999, 1))))).toBe("success");
});

test.each([
  ["B4", "indication"],
  ["B5", "success"],
  ["B5", "error"],
] as const)("%s: a Binding %s is not answered", (_, messageClass: MessageClass) => {
  const client = new TestTurn().client();
  client.deliver(new StunWriter().begin(methods.binding, messageClass, newTransactionId()).finish());
  expect(client.take()).toEqual([]);
});

test("B6: of 500 requests of one address in one second some are not answered; a second later they are again", () => {
  const turn = new TestTurn();
  const outcomes = Array.from({ length: 500 }, () => {
    const client = turn.client();
    return outcomeOf(client.ask(client.unsigned(methods.binding)));
  });
  const { stunAnswerBurst, stunAnswersPerSecond } = turn.limits;
  expect(outcomes.filter((outcome) => outcome === "success")).toHaveLength(stunAnswerBurst);
  expect(turn.counts.dropsOf("rate")).toBe(500 - stunAnswerBurst);
  expect(turn.bounds).toContain("limits.stun-answers-per-second");
  turn.clock.advance(1_000);
  const later = Array.from({ length: 500 }, () => {
    const client = turn.client();
    return outcomeOf(client.ask(client.unsigned(methods.binding)));
  });
  expect(later.filter((outcome) => outcome === "success")).toHaveLength(stunAnswersPerSecond);
});

test("B7: a request with a wrong FINGERPRINT is not answered; with a right one the answer has one, too", () => {
  const client = new TestTurn().client();
  const right = client.unsigned(methods.binding, (writer) => writer.fingerprint());
  const wrong = right.slice();
  wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
  expect(client.ask(wrong)).toBeUndefined();
  expect(client.ask(right)?.hasFingerprint).toBe(true);
});
