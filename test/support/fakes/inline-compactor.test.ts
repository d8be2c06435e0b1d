import { describeCompactor } from "../../contract/compactor.ts";
import { InlineCompactor } from "./inline-compactor.ts";

describeCompactor("a compactor in the test's own thread", () => new InlineCompactor());
