import type { BusAnswer, BusAnswers, NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";

interface OpenQuestion {
  readonly answers: BusAnswer[];
  /** The peers that have not answered. */
  readonly awaited: Set<NodeId>;
  end(isComplete: boolean): void;
}

/** The questions of this node that wait for answers. */
export class Questions {
  readonly #clock: Pick<Clock, "after">;
  readonly #open = new Map<number, OpenQuestion>();
  #lastId = 0;

  constructor(clock: Pick<Clock, "after">) {
    this.#clock = clock;
  }

  /** Opens a question, which `send` sends with its id to the nodes. As `BusPort.ask`. */
  ask(nodes: ReadonlySet<NodeId>, withinMs: number, send: (id: number) => void): Promise<BusAnswers> {
    const answers: BusAnswer[] = [];
    if (nodes.size === 0) return Promise.resolve({ answers, isComplete: true });
    this.#lastId += 1;
    const id = this.#lastId;
    const { promise, resolve } = Promise.withResolvers<BusAnswers>();
    const end = (isComplete: boolean) => {
      cancel();
      this.#open.delete(id);
      resolve({ answers, isComplete });
    };
    const cancel = this.#clock.after(withinMs, () => end(false));
    this.#open.set(id, { answers, awaited: new Set(nodes), end });
    send(id);
    return promise;
  }

  answered(node: NodeId, id: number, answer: Uint8Array | undefined): void {
    const question = this.#open.get(id);
    if (question === undefined || !question.awaited.has(node)) return;
    if (answer !== undefined) question.answers.push({ node, answer });
    settle(question, node);
  }

  lost(node: NodeId): void {
    for (const question of this.#open.values()) settle(question, node);
  }

  /** Ends all questions. */
  close(): void {
    for (const question of this.#open.values()) question.end(false);
  }
}

function settle({ awaited, end }: OpenQuestion, node: NodeId): void {
  if (awaited.delete(node) && awaited.size === 0) end(true);
}
