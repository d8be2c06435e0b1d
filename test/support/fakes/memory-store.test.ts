import { describeStore } from "../../contract/store.ts";
import { openMemoryStore } from "./memory-store.ts";

describeStore("a store in memory", openMemoryStore);
