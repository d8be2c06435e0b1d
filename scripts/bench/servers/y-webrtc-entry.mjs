/** Runs y-webrtc's signaling server on loopback only; it has no option for this. */
import { Server } from "node:http";

const { listen } = Server.prototype;
Server.prototype.listen = function listenOnLoopback(port) {
  const listening = listen.call(this, Number(port), "127.0.0.1");
  this.once("listening", () => console.log("listening"));
  return listening;
};

await import("./node_modules/y-webrtc/bin/server.js");
