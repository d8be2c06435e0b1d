import type * as Y from "yjs";

/** A server that a cluster consists of, which can be harmed. Its processes follow each other on one port. */
export interface TorturedNode {
  readonly name: string;
  /** Its URL without a path. */
  readonly wsUrl: string;
  readonly pid: number;
  /** Resident memory in bytes. */
  readonly memory: number;
  /** Whether it takes new connections. */
  readonly isServing: boolean;
  /** The ends of its processes that nobody has caused. */
  readonly faults: readonly string[];
  kill(): Promise<void>;
  /** Ends it as a service manager does. Resolves with its exit code. */
  stop(): Promise<number | null>;
  /** Starts it again, as another build of the server if `executable` is set. */
  restart(executable?: string): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Nothing passes between it and the engine until `mend`, if that can be done. */
  cut?(): void;
  mend?(options: { readonly forgets: boolean }): void;
}

/** Servers that share their documents by an engine: a database, or whatever it is. */
export interface TorturedCluster extends AsyncDisposable {
  readonly nodes: readonly TorturedNode[];
  /** Whether what clients have received, or had acknowledged, is stored by then. */
  readonly storesFirst: boolean;
  readonly engine: { kill(): Promise<void>; restart(): Promise<void> };
  /** Ends all connections between the nodes and the engine. Resolves with their number. */
  endConnections(): Promise<number>;
  /** Reads a document from where it is stored, past all nodes. Rejects if that cannot be reached. */
  stored(document: string): Promise<Y.Doc>;
}
