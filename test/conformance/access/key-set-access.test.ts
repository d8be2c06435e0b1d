import { expect, test } from "bun:test";
import { TokenSigner } from "../../support/bytes/token-signer.ts";
import { tokenFor } from "../../support/bytes/tokens.ts";
import { KeyServer } from "../../support/servers/key-server.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

test("tokens of an identity provider are accepted, even during an outage of the provider", async () => {
  await using keys = new KeyServer();
  const [first, second, stranger] = [
    await TokenSigner.create("ES256", "first"),
    await TokenSigner.create("EdDSA", "second"),
    await TokenSigner.create("RS256", "first"),
  ];
  await keys.serve(first, second);
  await using server = await startTestServer({
    auth: { mode: "token", jwks: keys.location, issuer: "https://id.example", audience: "yurt" },
  });
  const claims = () => ({
    rooms: { "notes/*": "write" },
    iss: "https://id.example",
    aud: ["other", "yurt"],
    sub: "ann",
    exp: Math.floor(Date.now() / 1_000) + 60,
  });
  const ask = async (token: string) => {
    const response = await fetch(`${server.url}/api/validate?room=notes/1&token=${token}`);
    const { access, code } = (await response.json()) as { access?: string; code?: string };
    return access ?? code;
  };
  expect(await ask(await first.sign(claims()))).toBe("write");
  expect(await ask(await stranger.sign(claims()))).toBe("bad-signature");
  expect(await ask(await first.sign({ ...claims(), iss: "https://other.example" }))).toBe("wrong-issuer");
  expect(await ask(await first.sign({ ...claims(), aud: "other" }))).toBe("wrong-audience");
  // The token is signed with the secret of a server that mints its own tokens.
  expect(await ask(await tokenFor({ "notes/*": "write" }))).toBe("bad-signature");

  // Applications use the claim `admin` for purposes of their own.
  const admin = await first.sign({ ...claims(), admin: true });
  const order = { method: "POST", body: "{}", headers: { authorization: `Bearer ${admin}` } };
  expect((await fetch(`${server.url}/api/tokens`, order)).status).toBe(403);
  await keys.takeDown();
  expect(await ask(await first.sign(claims()))).toBe("write");
  expect(await ask(await second.sign(claims()))).toBe("write");
});
