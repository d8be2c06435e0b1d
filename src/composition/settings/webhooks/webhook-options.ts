import * as v from "valibot";
import { durationForms, parseDuration } from "../../../config/duration.ts";
import { option } from "../../../config/option.ts";
import * as schemas from "../../../config/schemas.ts";

const mostRetries = 20;

/** Change webhooks: where they may lead, and when a message is sent again. */
export const webhookOptions = {
  "webhooks.allowed-addresses": option({
    kind: "texts",
    schema: schemas.addressRanges,
    default: [],
    example: ["127.0.0.1", "10.0.0.0/8"],
    expected: "IP addresses and ranges of them separated by commas, such as 127.0.0.1,10.0.0.0/8,fd00::/8",
    help: "private addresses (IP or CIDR) that change webhooks may call, also by http://",
    group: "Webhooks",
    placeholder: "addresses",
    isReloadable: true,
  }),
  "webhooks.retries": option({
    kind: "texts",
    schema: v.pipe(
      v.array(v.pipe(v.string(), v.transform(parseDuration), v.number())),
      v.minLength(1),
      v.maxLength(mostRetries),
    ),
    default: ["5s", "30s", "2m", "10m", "1h", "4h", "12h", "24h"],
    expected: `1 to ${mostRetries} durations separated by commas, such as ${durationForms}`,
    help: "delays before a message of a change webhook is sent again; then it is given up",
    group: "Webhooks",
    placeholder: "durations",
    isReloadable: true,
  }),
};
