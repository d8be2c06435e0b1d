/** Whether this node does what is done once for all nodes of a cluster. At most one of them does, mostly exactly one. */
export interface Lead {
  readonly isLeading: boolean;
  /**
   * Has `task` called whenever `isLeading` changes. A node that is cut off or was frozen ceases to lead within some seconds;
   * another one may lead before it knows. Called once.
   */
  whenLeadChanges(task: () => void): void;
}
