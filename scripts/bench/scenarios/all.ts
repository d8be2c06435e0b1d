import { oneOutstanding, oneRoom, twentyRooms } from "./fan-out.ts";
import type { Scenario } from "./scenario.ts";

export const scenarios: readonly Scenario[] = [oneRoom, twentyRooms, oneOutstanding];
