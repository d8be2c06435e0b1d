/**
 * Sends one message over TLS to a name that is looked up as 127.0.0.1, and prints the outcome as JSON. Authorities that the
 * runtime trusts besides its own are read when a process starts, hence a process: `bun send-over-tls.ts <url>`.
 */
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { Sender } from "../../../src/webhooks/sender.ts";
import { endpointOf } from "./endpoint.ts";

const [url = ""] = process.argv.slice(2);
const sender = new Sender({
  allowed: new AddressRanges(["127.0.0.1"]),
  lookup: async () => ["127.0.0.1"],
  limits: { changeWebhookMs: 5_000 },
  clock: systemClock,
  userAgent: "Yurt/test",
});
const message = { id: "msg_1", body: "{}" };
console.log(JSON.stringify(await sender.send(endpointOf("one", { url }), message, new AbortController().signal)));
