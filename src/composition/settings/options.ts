import type { Option } from "../../config/option.ts";
import { accessOptions } from "./access-options.ts";
import { backupOptions } from "./backup-options.ts";
import { clusterOptions } from "./cluster/cluster-options.ts";
import { documentOptions } from "./document-options.ts";
import { historyOptions } from "./history/history-options.ts";
import { httpsOptions } from "./https/https-options.ts";
import { lifecycleOptions } from "./lifecycle-options.ts";
import { limitOptions } from "./limit-options.ts";
import { logOptions } from "./log-options.ts";
import { metricsOptions } from "./metrics-options.ts";
import { networkOptions } from "./network-options.ts";
import { protocolOptions } from "./protocol-options.ts";
import { storageOptions } from "./storage-options.ts";
import { turnOptions } from "./turn/turn-options.ts";
import { webhookOptions } from "./webhooks/webhook-options.ts";

/** Every setting of the server, in the order of help and reference. */
export const options = {
  ...networkOptions,
  ...lifecycleOptions,
  ...httpsOptions,
  ...storageOptions,
  ...clusterOptions,
  ...documentOptions,
  ...historyOptions,
  ...backupOptions,
  ...accessOptions,
  ...protocolOptions,
  ...turnOptions,
  ...logOptions,
  ...webhookOptions,
  ...metricsOptions,
  ...limitOptions,
};

export type OptionKey = keyof typeof options;

// Object.keys forgets the literal types.
export const optionKeys = Object.keys(options) as readonly OptionKey[];

/** The row of a setting, with the fields that a row may leave out, which the type of the table does not have. */
export function optionOf(key: OptionKey): Option<unknown> {
  return options[key];
}
