import { openMemoryStore } from "../../src/storage/memory.ts";
import { describeStore } from "../contract/store.ts";

describeStore("a store in memory", openMemoryStore);
