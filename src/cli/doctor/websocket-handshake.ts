import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const deadlineMs = 5_000;
const mostText = 1_000;

/** Asks for a WebSocket, and resolves with the answer; 101 if it was opened. It is closed at once. Rejects without one. */
export async function askForUpgrade(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  const request = (url.startsWith("https:") ? requestHttps : requestHttp)(url, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": crypto.getRandomValues(new Uint8Array(16)).toBase64(),
    },
    timeout: deadlineMs,
  });
  request.once("upgrade", (_, socket) => {
    socket.destroy();
    resolve({ status: 101, text: "" });
  });
  request.once(
    "response",
    (response) => void textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text })),
  );
  request.once("timeout", () => request.destroy(new Error(`no answer within ${deadlineMs / 1_000} s`)));
  request.once("error", reject);
  request.end();
  try {
    return await promise;
  } finally {
    request.destroy();
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > mostText) break;
    }
  } catch {
    // The start of the answer says enough.
  }
  return text;
}
