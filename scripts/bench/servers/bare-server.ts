/** A program that forwards every message to the other clients on the same path. It prints its port. */
const server = Bun.serve<{ readonly topic: string }>({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch: (request, upgrader) => {
    const topic = new URL(request.url).pathname;
    return upgrader.upgrade(request, { data: { topic } }) ? undefined : new Response("ok");
  },
  websocket: {
    backpressureLimit: 2 ** 30,
    perMessageDeflate: false,
    open: (socket) => {
      socket.subscribe(socket.data.topic);
    },
    message: (socket, message) => {
      socket.publish(socket.data.topic, message);
    },
  },
});
console.log(server.port);
