import { type Finding, failed, milliseconds, ok, warning } from "./finding.ts";
import type {
  AccessAnswer,
  AccessAnswers,
  AccessMode,
  PageFacts,
  RelayOutcome,
  ServerAnswer,
  SignalingOutcome,
  SocketFailure,
} from "./measurements.ts";

export function pageFinding({ isSecure, hasWebrtc }: PageFacts): Finding {
  if (!hasWebrtc) {
    return failed(
      "This browser has no WebRTC, or it is switched off.",
      "Use a current browser, and allow WebRTC in its settings, extensions and policies.",
    );
  }
  if (isSecure) return ok("The page is secure (HTTPS, or this machine), and the browser has WebRTC.");
  return warning(
    "The page is not secure: it was loaded over plain HTTP. WebRTC works, but y-webrtc rooms with a password do not.",
    "Serve Yurt over HTTPS.",
  );
}

export function serverFinding(answer: ServerAnswer): Finding {
  switch (answer.kind) {
    case "unreachable":
      return failed(
        "The server does not answer. It is down, or this device is offline.",
        "Check the network, and that Yurt and the proxy before it run.",
      );
    case "refused":
      return failed(
        `Yurt does not answer: this request got the HTTP status ${answer.status}.`,
        answer.status >= 500
          ? "The reverse proxy runs but does not reach Yurt. Start Yurt, or correct the address in the proxy."
          : "Another program, or a reverse proxy with another path, answers at this address.",
      );
    case "answered":
      return answered(answer);
  }
}

function answered({ version, isReady, roundTripMs }: ServerAnswer & { readonly kind: "answered" }): Finding {
  if (isReady) return ok(`Yurt ${version} answers.`, milliseconds(roundTripMs));
  return warning(
    "The server answers, but it is not ready: it is stopping, or it cannot store changes now.",
    "The server's log names the reason: look for `store-failed` or `data-folder-gone`.",
  );
}

export function accessFinding(answers: AccessAnswers, mode: AccessMode | undefined, room: string): Finding {
  const { sync, signaling, hasToken } = answers;
  if (sync.kind === "granted" && signaling.kind === "granted") {
    if (sync.access === "write") return ok(`This browser may read and write the room ${room}.`);
    return warning(`This browser may only read the room ${room}: its edits are not stored.`);
  }
  const denied = [sync, signaling].find(({ kind }) => kind === "denied");
  if (denied?.kind === "denied") return deniedFinding(denied, { mode, room, hasToken });
  const unknown = [sync, signaling].find(({ kind }) => kind === "unknown");
  return warning(
    `The server could not say whether this browser has access${reasonOf(unknown)}.`,
    "Run the test again.",
  );
}

interface Asker {
  readonly mode: AccessMode | undefined;
  readonly room: string;
  readonly hasToken: boolean;
}

function deniedFinding({ code, reason }: AccessAnswer & { kind: "denied" }, { mode, room, hasToken }: Asker): Finding {
  if (!hasToken) {
    return failed(
      "This server requires an access token, and the test has none.",
      mode === "webhook"
        ? "Paste a token of your app into this page."
        : `Paste one into this page. Create it with: \`yurt token '${room}'\``,
    );
  }
  if (code === "wrong-room") {
    return failed(
      `The token is valid, but not for the room ${room}.`,
      "Name a room in this page that the token permits.",
    );
  }
  return failed(`The server denies access: ${reason}.`, "Paste another token into this page.");
}

function reasonOf(answer: AccessAnswer | undefined): string {
  return answer?.kind === "unknown" && answer.reason !== "" ? ` (${answer.reason})` : "";
}

export function signalingFinding(outcome: SignalingOutcome): Finding {
  if (outcome.kind !== "ok") return socketFinding(outcome);
  return ok(`Signaling answers. It opened in ${milliseconds(outcome.openMs)}.`, milliseconds(outcome.roundTripMs));
}

export function relayFinding(outcome: RelayOutcome): Finding {
  if (outcome.kind !== "ok") return socketFinding(outcome);
  const { openMs, syncMs, roundTripMs } = outcome;
  const text = `The relay opened in ${milliseconds(openMs)}, synced in ${milliseconds(syncMs)}, and acknowledges updates.`;
  return ok(text, milliseconds(roundTripMs));
}

const upgradeRemedy =
  "If a reverse proxy is in front of Yurt, let it pass WebSocket upgrades on. A company's proxy, an antivirus program or " +
  "an extension can block WebSockets, too.";

function socketFinding(failure: SocketFailure): Finding {
  switch (failure.kind) {
    case "refused":
      return refusedFinding(failure.message);
    case "closed":
      return closedFinding(failure);
    case "silent":
      return failed(
        failure.during === "handshake"
          ? "The WebSocket does not open: nothing answers the handshake."
          : "The WebSocket opens, but no message comes back.",
        upgradeRemedy,
      );
  }
}

function refusedFinding(message: string | undefined): Finding {
  if (message === undefined)
    return failed("The WebSocket is refused, although the server answers HTTP.", upgradeRemedy);
  const isOrigin = /origin/i.test(message);
  return failed(
    isOrigin ? "The server refuses WebSockets of this page for its origin." : "The server refuses the WebSocket.",
    message,
  );
}

/** The reason is the server's own, so it is shown. */
function closedFinding({ code, reason }: SocketFailure & { kind: "closed" }): Finding {
  return failed(
    `The connection was closed: ${reason === "" ? "no reason was given" : reason} (code ${code}).`,
    "Run the test again in a minute. The codes are listed in `docs/troubleshooting.md`.",
  );
}
