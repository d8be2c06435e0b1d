/** The id of a node of a cluster: of one start of one server. No id is used twice. */
export type NodeId = string;

/** An answer to a question that was asked of all nodes. */
export interface BusAnswer {
  readonly node: NodeId;
  readonly answer: Uint8Array;
}

/** How many of the nodes that were asked have answered. */
export interface BusAnswers {
  /** In the order of their arrival. Nodes that had nothing to say are not among them. */
  readonly answers: readonly BusAnswer[];
  /** Whether every node that was a peer when the question was asked has answered, or has been lost since. */
  readonly isComplete: boolean;
}

/**
 * Receives the messages of one subject. Its methods do not throw, and must return soon. `room` is the name of whatever the
 * subject is about: a document, a topic; most nodes have it not open, and then ignore the message.
 */
export interface BusListener {
  /** A message of another node. Its bytes are the listener's. A message that it cannot read comes from another release: it ignores it. */
  received(from: NodeId, room: string, message: Uint8Array): void;
  /** Answers a question of another node. Undefined: this node has nothing to say, which is told as well. A rejection counts as that. */
  asked?(from: NodeId, room: string, question: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** A node has become a peer. It may be one that was lost and is back: nothing that is known of it holds. */
  joined?(node: NodeId): void;
  /** A node is no peer any more: it has ended, or was not heard for at most 15 s. What it has announced ends with it. */
  lost?(node: NodeId): void;
  /** Messages of a peer have been lost, of whichever room. Whoever keeps what messages have said asks anew. */
  missed?(node: NodeId): void;
}

/** Sends the messages of one subject. Their bytes may change as soon as the call returns. */
export interface BusPort {
  /** Sends a message to all peers. Costs nothing while there is no peer. */
  publish(room: string, message: Uint8Array): void;
  /** Sends a message to one peer. Does nothing if it is none. */
  send(node: NodeId, room: string, message: Uint8Array): void;
  /**
   * Asks all peers. Resolves when all have answered, at the latest after `withinMs` (1,000 if it is not set), and at once
   * if there is no peer. Never rejects.
   */
  ask(room: string, question: Uint8Array, options?: { readonly withinMs?: number }): Promise<BusAnswers>;
}

/**
 * Carries what the nodes of a cluster tell each other and nobody stores: presence, signaling, requests. What is stored
 * travels by `Store.follow`.
 *
 * A message arrives at most once. Those of one node arrive in the order in which they were sent, questions, answers and
 * messages to one node among them. While a node is cut off from the bus, all that it sends and is sent is lost, and it has
 * no peers.
 */
export interface Bus {
  readonly node: NodeId;
  /** The other nodes that are heard. */
  readonly peers: ReadonlySet<NodeId>;
  /**
   * Opens a subject, which no other part of this server has opened. `joined` is called for the peers that exist already,
   * after this has returned and before they are heard. Messages of a subject that a node has not opened are ignored there,
   * and a question about it has no answer.
   */
  open(subject: string, listener: BusListener): BusPort;
}
