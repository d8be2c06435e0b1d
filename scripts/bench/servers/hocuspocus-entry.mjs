/**
 * Runs Hocuspocus with its SQLite extension: `<port> <file of the database>`.
 *
 * The extension's own driver needs a binary that its package does not contain. The runtime's SQLite, which accepts the
 * same statements, replaces it. Under Bun the `Server` of Hocuspocus refuses to start, so connections are accepted by
 * Bun.serve.
 */
import process from "node:process";
import { SQLite } from "@hocuspocus/extension-sqlite";
import { Hocuspocus, Server } from "@hocuspocus/server";

const [port, file] = process.argv.slice(2);
const host = "127.0.0.1";
const isBun = process.versions.bun !== undefined;

class RuntimeSqlite extends SQLite {
  async onConfigure() {
    this.db = await openDatabase();
    this.db.exec(this.configuration.schema);
  }
}

async function openDatabase() {
  if (isBun) {
    const { Database } = await import("bun:sqlite");
    return new Database(file, { strict: true });
  }
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(file);
}

function serveWithBun(configuration) {
  const hocuspocus = new Hocuspocus(configuration);
  Bun.serve({
    hostname: host,
    port: Number(port),
    fetch: (request, server) =>
      server.upgrade(request, { data: { request } }) ? undefined : new Response("Welcome to Hocuspocus!"),
    websocket: {
      maxPayloadLength: 2 ** 27,
      backpressureLimit: 2 ** 30,
      open: (socket) => {
        socket.data.connection = hocuspocus.handleConnection(socket, socket.data.request);
      },
      message: (socket, message) => socket.data.connection.handleMessage(message),
      close: (socket, code, reason) => socket.data.connection.handleClose({ code, reason }),
    },
  });
  process.once("SIGTERM", () => {
    hocuspocus.closeConnections();
    hocuspocus.flushPendingStores();
    setTimeout(() => process.exit(0), 500);
  });
}

const configuration = { quiet: true, extensions: [new RuntimeSqlite({ database: file })] };
if (isBun) serveWithBun(configuration);
else await new Server({ ...configuration, address: host, port: Number(port) }).listen();
console.log("listening");
