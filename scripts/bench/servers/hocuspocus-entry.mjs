/**
 * Runs Hocuspocus with its SQLite extension: `<port> <file of the database> [<port of Redis>]`. Servers with the same Redis
 * are one server to clients, by Hocuspocus' extension for it; they share the file.
 *
 * The extension's own driver needs a binary that its package does not contain. The runtime's SQLite, which accepts the
 * same statements, replaces it. Under Bun the `Server` of Hocuspocus refuses to start, so connections are accepted by
 * Bun.serve.
 */
import process from "node:process";
import { Redis } from "@hocuspocus/extension-redis";
import { SQLite } from "@hocuspocus/extension-sqlite";
import { Hocuspocus, Server } from "@hocuspocus/server";

const [port, file, redisPort] = process.argv.slice(2);
const host = "127.0.0.1";
const isBun = process.versions.bun !== undefined;

class RuntimeSqlite extends SQLite {
  async onConfigure() {
    this.db = await openDatabase();
    if (redisPort !== undefined) this.db.exec("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000");
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

const extensions = [new RuntimeSqlite({ database: file })];
if (redisPort !== undefined) extensions.push(new Redis({ host, port: Number(redisPort) }));
const configuration = { quiet: true, extensions };
if (isBun) serveWithBun(configuration);
else await new Server({ ...configuration, address: host, port: Number(port) }).listen();
console.log("listening");
