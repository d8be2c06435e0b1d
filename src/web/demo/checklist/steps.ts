/** The things to try, in the order in which the page lists them. */
export type Step = "second-window" | "without-webrtc" | "offline" | "restart" | "server-stopped";

/** Facts about this window at one moment. */
export interface StepFacts {
  readonly isWebrtcOn: boolean;
  readonly isWebsocketOn: boolean;
  /** True when the WebSocket is connected and synced. */
  readonly isSynced: boolean;
  /** True when the server has all edits of this window. */
  readonly isSaved: boolean;
  /** The other people whom this window reaches by any way. */
  readonly othersCount: number;
  /** The windows that this one reaches without the server. */
  readonly directCount: number;
  readonly isSignalingConnected: boolean;
  /** The edits that were made in this window so far. */
  readonly editCount: number;
  readonly hasText: boolean;
  /** When the server was started, in epoch milliseconds; undefined while it is not known. */
  readonly serverStartedAt: number | undefined;
}

/** The steps of a room that the server stores, and of one that it does not. */
export function stepsOf(isStored: boolean): readonly Step[] {
  return isStored
    ? ["second-window", "without-webrtc", "offline", "restart"]
    : ["second-window", "server-stopped", "offline"];
}

/** Notices which steps were taken, from facts that follow each other. */
export class StepWatch {
  #firstStartedAt: number | undefined;
  /** The number of edits when the state of the step began; undefined while it is not in that state. */
  #editsWithoutWebrtc: number | undefined;
  #editsOffline: number | undefined;
  #hasEditedOffline = false;
  #editsWithoutServer: number | undefined;

  /** Returns the steps that these facts complete. */
  observe(facts: StepFacts): readonly Step[] {
    const done: Step[] = [];
    if (facts.othersCount > 0) done.push("second-window");
    if (this.#isWithoutWebrtcDone(facts)) done.push("without-webrtc");
    if (this.#isOfflineDone(facts)) done.push("offline");
    if (this.#isRestartDone(facts)) done.push("restart");
    if (this.#isServerStoppedDone(facts)) done.push("server-stopped");
    return done;
  }

  /** WebRTC is off, and an edit that was made since then is saved while another person is there. */
  #isWithoutWebrtcDone({ isWebrtcOn, isSynced, isSaved, othersCount, editCount }: StepFacts): boolean {
    const isHere = !isWebrtcOn && isSynced;
    this.#editsWithoutWebrtc = isHere ? (this.#editsWithoutWebrtc ?? editCount) : undefined;
    return isSaved && othersCount > 0 && editCount > (this.#editsWithoutWebrtc ?? editCount);
  }

  /** An edit was made offline, and has arrived: at the server if it is on, or else at another window. */
  #isOfflineDone({ isWebrtcOn, isWebsocketOn, isSaved, directCount, editCount }: StepFacts): boolean {
    const isOffline = !(isWebrtcOn || isWebsocketOn);
    this.#editsOffline = isOffline ? (this.#editsOffline ?? editCount) : undefined;
    if (isOffline) this.#hasEditedOffline ||= editCount > (this.#editsOffline ?? editCount);
    const hasArrived = isWebsocketOn ? isSaved : directCount > 0;
    return !isOffline && this.#hasEditedOffline && hasArrived;
  }

  #isRestartDone({ serverStartedAt, isSynced, hasText }: StepFacts): boolean {
    this.#firstStartedAt ??= serverStartedAt;
    return serverStartedAt !== this.#firstStartedAt && isSynced && hasText;
  }

  /** The signaling server is gone, and this window has made an edit while another one is connected to it. */
  #isServerStoppedDone({ isWebrtcOn, isSignalingConnected, directCount, editCount }: StepFacts): boolean {
    const isHere = isWebrtcOn && !isSignalingConnected && directCount > 0;
    this.#editsWithoutServer = isHere ? (this.#editsWithoutServer ?? editCount) : undefined;
    return editCount > (this.#editsWithoutServer ?? editCount);
  }
}
