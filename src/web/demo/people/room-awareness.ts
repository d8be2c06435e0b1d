import { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";

type State = Readonly<Record<string, unknown>>;

const maxDepth = 16;
/** A state of the page has up to 900 values, while its pen draws. */
const maxValues = 10_000;

/**
 * The awareness that both transports share.
 *
 * They write the states of others into `states` and send them on from there, and compare and encode them recursively: a
 * state that is nested too deeply would end every message in which it occurs. The server refuses such states, but a peer
 * sends anything.
 */
export class RoomAwareness extends Awareness {
  constructor(doc: Y.Doc) {
    super(doc);
    this.states = new States(this.clientID, super.getLocalState() ?? {});
  }

  override setLocalState(state: State | null): void {
    // The constructor of Awareness calls this before `states` is replaced.
    if (this.states instanceof States && state !== null) this.states.own = state;
    super.setLocalState(state);
  }
}

class States extends Map<number, State> {
  /** The latest state that this window has set. */
  own: State;
  readonly #ownId: number;

  constructor(ownId: number, own: State) {
    super();
    this.#ownId = ownId;
    this.own = own;
    super.set(ownId, own);
  }

  /** Keeps this window's state when another one writes a state with its id. */
  override set(clientId: number, state: State): this {
    if (clientId === this.#ownId) return super.set(clientId, this.own);
    // A state that is left out would be encoded as `null`, which removes it from other windows.
    return super.set(clientId, isAcceptableState(state) ? state : {});
  }
}

/** True for an object that is neither nested deeply nor large, so that it can be compared and encoded. */
function isAcceptableState(state: unknown): state is State {
  if (typeof state !== "object" || state === null || Array.isArray(state)) return false;
  let values = 0;
  let level: readonly object[] = [state];
  for (let depth = 1; level.length > 0; depth += 1) {
    const inside = level.flatMap((container): readonly unknown[] => Object.values(container));
    values += inside.length;
    if (depth > maxDepth || values > maxValues) return false;
    level = inside.filter((value) => typeof value === "object" && value !== null);
  }
  return true;
}
