import { describe, expect, test } from "bun:test";
import { yurt } from "../support/processes/run-program.ts";

const token = ["--auth-mode", "token"];

describe("yurt ports", () => {
  test.each<[readonly string[], readonly string[]]>([
    [[], ["4444/tcp\tlocal\tHTTP and WebSockets"]],
    [
      ["--host", "0.0.0.0", ...token, "--port", "80", "--compat-ports", "9000"],
      ["80/tcp\tyes\tHTTP and WebSockets", "9000/tcp\tyes\tclients whose port is fixed (compat-ports)"],
    ],
    [
      ["--public-url", "https://collab.example.com/yurt", ...token],
      [
        "443/tcp\tyes\tthe reverse proxy that serves https://collab.example.com/yurt",
        "4444/tcp\tlocal\tHTTP and WebSockets, only from the reverse proxy",
      ],
    ],
    [
      ["--host", "::", "--public-url", "http://collab.example.com:8080", ...token, "--port", "0"],
      [
        "8080/tcp\tyes\tthe reverse proxy that serves http://collab.example.com:8080/",
        "any/tcp\tno\tHTTP and WebSockets, only from the reverse proxy",
      ],
    ],
    [
      ["--domain", "collab.example.com", ...token],
      ["443/tcp\tyes\tHTTPS and WebSockets", "80/tcp\tyes\tACME challenges, the redirect to HTTPS"],
    ],
    [
      ["--domain", "collab.example.com", ...token, "--tls-http-port", "8080", "--no-tls-redirect"],
      ["443/tcp\tyes\tHTTPS and WebSockets", "8080/tcp\tyes\tACME challenges (forward port 80 of the domain to it)"],
    ],
    [["--tls-cert", "a.pem", "--tls-key", "b.pem"], ["4444/tcp\tlocal\tHTTPS and WebSockets"]],
    [
      ["--metrics-listen", "0.0.0.0:9464"],
      ["4444/tcp\tlocal\tHTTP and WebSockets", "9464/tcp\tno\tmetrics without a token, only for Prometheus"],
    ],
  ])("with %j lists %j", async (args, lines) => {
    expect(await yurt(["ports", "--no-turn", ...args])).toEqual({ code: 0, out: `${lines.join("\n")}\n`, err: "" });
  });

  test("aligns the columns of its table", async () => {
    const { out } = await yurt(["ports", "--domain", "collab.example.com", ...token], { isTTY: true });
    const [header = "", ...lines] = out.trimEnd().split("\n");
    const start = header.indexOf("PURPOSE");
    for (const line of lines) expect(line.slice(start - 2)).toMatch(/^ {2}\S/);
  });

  const relayed = "49152-65535/udp";
  test.each<[readonly string[], readonly string[]]>([
    [
      [],
      [
        "3478/udp\tlocal\tSTUN and TURN",
        "3478/tcp\tlocal\tTURN for clients without UDP",
        `${relayed}\tlocal\trelayed transport addresses of TURN`,
      ],
    ],
    [
      ["--domain", "collab.example.com", ...token, "--turn-relay-ports", "50000-50099"],
      [
        "3478/udp\tyes\tSTUN and TURN",
        "3478/tcp\tyes\tTURN for clients without UDP",
        "5349/tcp\tyes\tTURN over TLS",
        "50000-50099/udp\tyes\trelayed transport addresses of TURN",
      ],
    ],
    // Clients reach TURN directly, whatever proxy is before the server.
    [
      ["--public-url", "https://collab.example.com", ...token, "--turn-port", "0"],
      [
        "any/udp\tyes\tSTUN and TURN",
        "any/tcp\tyes\tTURN for clients without UDP",
        `${relayed}\tyes\trelayed transport addresses of TURN`,
      ],
    ],
    [
      ["--host", "0.0.0.0", ...token, "--turn-listen", "127.0.0.1", "--tls-cert", "a", "--tls-key", "b"],
      [
        "3478/udp\tlocal\tSTUN and TURN",
        "3478/tcp\tlocal\tTURN for clients without UDP",
        "5349/tcp\tlocal\tTURN over TLS",
        `${relayed}\tlocal\trelayed transport addresses of TURN`,
      ],
    ],
  ])("with %j lists those of TURN as %j", async (args, lines) => {
    const { out } = await yurt(["ports", ...args]);
    expect(out.split("\n").filter((line) => /TURN/.test(line))).toEqual([...lines]);
  });

  test("prints JSON, and refuses a bad configuration", async () => {
    const { out } = await yurt(["ports", "--json", "--no-turn"]);
    expect(JSON.parse(out)).toEqual({ port: "4444/tcp", open: "local", purpose: "HTTP and WebSockets" });
    expect((await yurt(["ports", "--port", "x"])).code).toBe(78);
  });
});
