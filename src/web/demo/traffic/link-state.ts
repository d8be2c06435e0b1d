/** The state of one link of the diagram: what was measured, whatever the switches say. */
export type LinkState = "off" | "waiting" | "connected" | "refused";

export interface LinkFacts {
  readonly isOn: boolean;
  /** True when the server has denied access. */
  readonly isDenied: boolean;
  readonly isConnected: boolean;
}

/** The state of the link between this window and the server, or between this window and the others. */
export function linkState({ isOn, isDenied, isConnected }: LinkFacts): LinkState {
  if (!isOn) return "off";
  if (isConnected) return "connected";
  return isDenied ? "refused" : "waiting";
}
