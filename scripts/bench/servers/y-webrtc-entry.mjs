/** y-webrtc's signaling server, kept from listening on other addresses than loopback, for which it has no option. */
import { Server } from "node:http";

const { listen } = Server.prototype;
Server.prototype.listen = function listenOnLoopback(port) {
  const listening = listen.call(this, Number(port), "127.0.0.1");
  this.once("listening", () => console.log("listening"));
  return listening;
};

await import("./node_modules/y-webrtc/bin/server.js");
