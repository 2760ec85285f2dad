import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { startNginx } from "./nginx.ts";
import { peers } from "../peers.ts";
import { random } from "../random.ts";
import { tempDir } from "../temp.ts";

const ignore = peers.nginx === undefined;

Deno.test({
  name: "nginx serves a directory, lists it and accepts PUT",
  ignore,
  fn: async () => {
    using dir = tempDir();
    const bytes = random(1).bytes(100_000);
    dir.write("root/abcd/file", bytes);
    await using server = await startNginx(dir.path("root"), { autoindex: true, put: true });

    const got = await fetch(`${server.url}abcd/file`);
    deepStrictEqual(await got.bytes(), bytes);
    const missing = await fetch(`${server.url}none`);
    await missing.body?.cancel();
    strictEqual(missing.status, 404);
    ok((await (await fetch(`${server.url}abcd/`)).text()).includes('href="file"'));
    const put = await fetch(`${server.url}new/folder/file`, { method: "PUT", body: bytes });
    await put.body?.cancel();
    strictEqual(put.status, 201);
    deepStrictEqual(Deno.readFileSync(dir.path("root/new/folder/file")), bytes);
    deepStrictEqual(await server.requests(), [
      "GET /abcd/file 200",
      "GET /none 404",
      "GET /abcd/ 200",
      "PUT /new/folder/file 201",
    ]);
  },
});

Deno.test({
  name: "nginx is gone when the block ends",
  ignore,
  fn: async () => {
    using dir = tempDir();
    dir.write("root/file", "x");
    let port = 0;
    {
      await using server = await startNginx(dir.path("root"));
      port = server.port;
    }
    await rejects(Deno.connect({ hostname: "127.0.0.1", port }), Deno.errors.ConnectionRefused);
  },
});

Deno.test({
  name: "nginx speaks TLS and asks for a client's certificate",
  ignore: ignore || !peers.openssl,
  fn: async () => {
    using dir = tempDir();
    dir.write("root/file", "secret");
    await using server = await startNginx(dir.path("root"), { https: true, clientCertificate: true });
    const { ca, clientCert, clientKey } = server.certificates!;
    const caCerts = [Deno.readTextFileSync(ca)];

    const unknown = await fetch(`${server.url}file`).catch((error: Error) => error);
    ok(unknown instanceof TypeError, "a certificate of an unknown authority is refused");
    using stranger = Deno.createHttpClient({ caCerts });
    const refused = await fetch(`${server.url}file`, { client: stranger });
    await refused.body?.cancel();
    strictEqual(refused.status, 400);
    using known = Deno.createHttpClient({
      caCerts,
      cert: Deno.readTextFileSync(clientCert),
      key: Deno.readTextFileSync(clientKey),
    });
    const response = await fetch(`${server.url}file`, { client: known });
    strictEqual(await response.text(), "secret");
  },
});
