import { parseLimits } from "../composition/limit-settings.ts";
import { defaultLimits, type Limits } from "../composition/limits.ts";
import type { SettingValues } from "../composition/settings.ts";

/** The bounds that the settings say, of which some have settings of their own. */
export function limitsOf(values: SettingValues): Limits {
  return {
    ...defaultLimits,
    ...parseLimits(values.limits),
    documentMemoryBytes: values["sync.memory"] * 2 ** 20,
    connectionsPerAddress: values["limits.connections-per-address"],
    addressUpgradesPerSecond: values["limits.upgrades-per-address"],
    signalingRoomMembers: values["limits.room-members"],
    publishesPerSecond: values["limits.publishes"],
    fanOutDeliveries: values["limits.deliveries"],
  };
}
