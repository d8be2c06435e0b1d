import { join } from "node:path";
import { ChildProgram } from "../../../child-program.ts";
import type { NodeRequest } from "./node-process.ts";
import type { CommitCounts, NodePlace } from "./node-rooms.ts";
import type { NodeLoad, NodeTimes } from "./node-traffic.ts";

/** The rooms of one node with their members, in a process of its own. */
export class NodeProgram {
  readonly #child: ChildProgram;

  private constructor(child: ChildProgram) {
    this.#child = child;
  }

  /** Resolves when its members are in sync. */
  static async start(options: NodePlace & NodeLoad): Promise<NodeProgram> {
    const path = join(import.meta.dir, "node-process.ts");
    const environment = { NODE_ENV: "production" };
    return new NodeProgram(await ChildProgram.start({ path, args: [JSON.stringify(options)], environment }));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** As `NodeTraffic.pace`. Rejects when it takes longer than `withinMs`. */
  async pace(count: number, perSecond: number, withinMs: number): Promise<void> {
    await this.#ask({ type: "pace", count, perSecond }, withinMs);
  }

  commitCounts(): Promise<CommitCounts> {
    return this.#ask({ type: "commit-counts" });
  }

  times(): Promise<NodeTimes> {
    return this.#ask({ type: "times" });
  }

  /** Kills the process: its database ends with the run, so it has nothing to write. */
  async stop(): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }

  #ask<Answer>(request: NodeRequest, withinMs?: number): Promise<Answer> {
    return this.#child.ask<Answer>(request, withinMs);
  }
}
