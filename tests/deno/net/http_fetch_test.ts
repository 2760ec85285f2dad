/** TLS, against real servers. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { makeHttpFetch } from "../../../src/deno/net/http_fetch.ts";
import { DesyncError } from "../../../src/core/errors.ts";
import { httpGet } from "../../../src/stores/http/http_client.ts";
import { makeCertificates } from "../../support/servers/certificates.ts";
import { runCli } from "../../support/cli.ts";
import { cliCommand } from "../../support/cli_command.ts";
import { assertFails } from "../../support/failure.ts";
import { startFaultyServer } from "../../support/servers/faulty_server.ts";
import { makeBlob, somePieces } from "../../support/made.ts";
import { peers } from "../../support/peers.ts";
import { run, runAny } from "../../support/process.ts";
import { sameBytes } from "../../support/same_bytes.ts";
import { tempDir } from "../../support/temp.ts";
import { at, certificatesIn, ignore, read, redirectTls, serveTls, testFetch } from "./tls_servers.ts";
import { takingTurns } from "../../support/thorough.ts";

const inTurn = takingTurns(2, import.meta.url);

const dir = tempDir();
Deno.test.afterAll(() => dir[Symbol.dispose]());
const made = await certificatesIn(dir);

const openssl = (...args: string[]) => run(peers.openssl, args);

const quickKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate that signed itself, as people make them for a server, and its key. */
async function selfSigned(name: string, ...more: string[]): Promise<{ cert: string; key: string }> {
  const [cert, key] = [dir.path(`${name}.pem`), dir.path(`${name}.key`)];
  const names = more.some((word) => word.startsWith("subjectAltName"))
    ? []
    : ["-addext", "subjectAltName=IP:127.0.0.1"];
  const subject = ["-subj", "/CN=localhost", ...names];
  await openssl("req", "-x509", ...quickKey, "-keyout", key, "-out", cert, "-days", "2", ...subject, ...more);
  return { cert, key };
}

/** Answers with the files in a directory. */
function serveFiles(folder: string): (request: Request) => Response {
  return ({ url }) => {
    try {
      return new Response(Deno.readFileSync(folder + new URL(url).pathname));
    } catch {
      return new Response("not there", { status: 404 });
    }
  };
}

/** What servers without TLS say to those that begin it. */
function answerAnything(): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(1000));
      await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
      connection.close();
    }
  })();
  return listener;
}

/** Runs with these variables of the environment. */
async function withVariables(variables: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

const none = { SSL_CERT_FILE: dir.path("none"), SSL_CERT_DIR: dir.path("none"), DENO_TLS_CA_STORE: "" };

function refused(tls: Parameters<typeof makeHttpFetch>[0], ...says: RegExp[]): void {
  throws(() => makeHttpFetch({ ...tls, connections: 1 }), (error) => {
    ok(error instanceof DesyncError && !error.retriable);
    for (const say of says) ok(say.test(error.message), `no ${say} in: ${error.message}`);
    return true;
  });
}

/** Whether node:https in this Deno takes the certificates that it is given, an authority's for a server's, and no others. */
const takesAuthorities = !Deno.version.deno.startsWith("2.6.");

Deno.test(
  "files of certificates and keys that cannot be used are refused before a request",
  { ignore },
  async () => {
    const write = (name: string, text: string) => dir.write(name, text);
    const ca = Deno.readTextFileSync(made.ca);
    await openssl(
      "x509",
      "-in",
      made.ca,
      "-trustout",
      "-addtrust",
      "serverAuth",
      "-out",
      dir.path("trusted.pem"),
    );
    await openssl("x509", "-in", made.ca, "-outform", "der", "-out", dir.path("ca.der"));
    const damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const files: [path: string, says: RegExp][] = [
      [dir.path("nowhere"), /no such file/],
      [made.clientKey, /a private key and no certificate/],
      [dir.path("trusted.pem"), /TRUSTED CERTIFICATE.*openssl x509/],
      [dir.path("ca.der"), /not in PEM.*-inform der/],
      [write("cut.pem", ca.slice(0, 300)), /cut off/],
      [write("damaged.pem", ca + damaged), /certificate 2 of 2.*damaged/],
      [write("empty.pem", ""), /not in PEM/],
    ];
    for (const [path, says] of files) {
      const pathSays = new RegExp(RegExp.escape(path));
      refused({ caCert: path }, /--ca-cert/, pathSays, says);
      if (says.source.includes("2 of 2")) continue;
      refused({ clientCert: path, clientKey: made.clientKey }, /--client-cert/, pathSays, says);
    }
    const cert = made.clientCert;
    const encrypted = ["-aes256", "-passout", "pass:x"];
    await openssl("pkey", "-in", made.clientKey, ...encrypted, "-out", dir.path("encrypted.key"));
    await openssl("genrsa", "-traditional", ...encrypted, "-out", dir.path("old.key"), "1024");
    for (const name of ["encrypted.key", "old.key"]) {
      refused({ clientCert: cert, clientKey: dir.path(name) }, /--client-key/, /encrypted.*openssl pkey/);
    }
    refused(
      { clientCert: cert, clientKey: made.serverKey },
      /--client-cert.*--client-key.*not that of the cert/,
    );
    refused({ clientCert: cert, clientKey: cert }, /--client-key/, /a certificate and no private key/);
    await openssl(
      "req",
      ...quickKey,
      "-keyout",
      dir.path("v1.key"),
      "-out",
      dir.path("v1.csr"),
      "-subj",
      "/CN=x",
    );
    await openssl(
      "x509",
      "-req",
      "-in",
      dir.path("v1.csr"),
      "-signkey",
      dir.path("v1.key"),
      "-out",
      dir.path("v1.pem"),
    );
    refused({ clientCert: dir.path("v1.pem"), clientKey: dir.path("v1.key") }, /v1\.pem/, /X\.509 v1/);
  },
);

testFetch("a certificate that the user names is trusted, also behind a byte order mark", async () => {
  await using server = serveTls({ cert: made.serverCert, key: made.serverKey });
  const marked = dir.write("marked.pem", `\ufeff${Deno.readTextFileSync(made.ca)}`);
  await withVariables(none, async () => {
    strictEqual(await read(server.addr.port, { caCert: made.ca }), "here");
    strictEqual(await read(server.addr.port, { caCert: marked }), "here");
    const untrusted = read(server.addr.port);
    await rejects(untrusted, {
      code: "store",
      retriable: false,
      message: /not from a trusted auth.*--ca-cert/,
    });
  });
});

testFetch(
  "a server's own certificate that signed itself, as openssl makes it, is trusted by its file alone",
  async () => {
    const plain = await selfSigned("plain", "-addext", "basicConstraints=critical,CA:FALSE");
    const authority = await selfSigned("authority");
    const impostor = await selfSigned("impostor");
    const blob = makeBlob(dir, somePieces());
    const files = serveFiles(blob.store);
    for (const good of [plain, ...(takesAuthorities ? [authority] : [])]) {
      await using server = serveTls(good, files);
      const store = `https://127.0.0.1:${server.addr.port}/`;
      // In a process of its own, whose connections end with it.
      const { code, stderr, stdoutBytes } = await runCli(
        ["cat", "--ca-cert", good.cert, "-s", store, blob.index],
        { env: none },
      );
      deepStrictEqual([code, stderr], [0, ""]);
      sameBytes(stdoutBytes, blob.bytes);
      const missing = makeBlob(dir, [new Uint8Array(50).fill(1)], { name: "missing" });
      const none404 = await runCli(["cat", "--ca-cert", good.cert, "-s", store, missing.index], {
        env: none,
      });
      assertFails(none404, 1, missing.ids[0], "not found (searched: ");
    }
    await withVariables(none, async () => {
      await using server = serveTls(authority, files);
      const own = { code: "store", retriable: false, message: /own certificate.*CA:FALSE/ };
      await rejects(read(server.addr.port), own);
      // What is pinned is checked by node, which has other words.
      const notNamed = { ...own, message: /own certificate.*CA:FALSE|not from a trusted authority/ };
      await rejects(read(server.addr.port, { caCert: impostor.cert }), notNamed);
      await rejects(read(server.addr.port, { caCert: made.ca }), notNamed);
      if (!takesAuthorities) return await rejects(read(server.addr.port, { caCert: authority.cert }), own);
      const other = await selfSigned("other", "-addext", "subjectAltName=DNS:example.com");
      await using named = serveTls(other, files);
      const refused = read(named.addr.port, { caCert: other.cert });
      await rejects(refused, {
        code: "store",
        retriable: false,
        message: /certificate is not for this name/,
      });
    });
  },
);

testFetch(
  "a server that speaks no TLS, and a certificate for another name, are not asked again",
  async () => {
    using plain = answerAnything();
    await rejects(read(plain.addr.port), { code: "store", retriable: false, message: /does not speak TLS/ });
    await using server = serveTls({ cert: made.clientCert, key: made.clientKey });
    const other = read(server.addr.port, { caCert: made.ca });
    await rejects(other, { code: "store", retriable: false, message: /the server's certificate/ });
  },
);

Deno.test({
  name: "the system's certificates are trusted: SSL_CERT_FILE, SSL_CERT_DIR; unusable ones are ignored",
  ignore: ignore || Deno.build.os === "darwin" || Deno.build.os === "windows",
  sanitizeResources: false,
  fn: async () => {
    await using server = serveTls({ cert: made.serverCert, key: made.serverKey });
    const { port } = server.addr;
    const folder = dir.dir("system");
    dir.write("system/broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    dir.write("system/text", "no certificate");
    const directories = `${dir.path("none")}:${folder}`;
    await withVariables({ ...none, SSL_CERT_FILE: made.ca }, async () => {
      strictEqual(await read(port), "here");
    });
    await withVariables({ ...none, SSL_CERT_DIR: directories }, () => rejects(read(port), { code: "store" }));
    Deno.copyFileSync(made.ca, dir.path("system/good"));
    await withVariables({ ...none, SSL_CERT_DIR: directories }, async () => {
      strictEqual(await read(port), "here");
      // A server that is asked without TLS may send its clients on.
      await using plain = await startFaultyServer({
        "/": { status: 302, headers: { location: `https://127.0.0.1:${port}/` } },
      });
      const bytes = await httpGet(new URL(plain.url), "it", 100, {
        fetch: makeHttpFetch({ connections: 1 }),
      });
      strictEqual(new TextDecoder().decode(bytes ?? undefined), "here");
    });
  },
});

inTurn()(
  "with --ca-cert no other authority is trusted, also without permission for variables",
  {
    ignore,
  },
  async () => {
    using elsewhere = tempDir();
    const other = (await makeCertificates(elsewhere)).ca;
    const blob = makeBlob(dir, [new Uint8Array(50)], { name: "pinned" });
    await using server = serveTls({ cert: made.serverCert, key: made.serverKey }, serveFiles(dir.root));
    const index = at(server, blob.index.slice(dir.root.length));
    // Both authorities have the same name.
    const notTrusted = /certificate is not (?:from a trusted authority|accepted: BadSignature)/;
    const trusting: Record<string, string>[] = [
      { DENO_CERT: made.ca },
      { SSL_CERT_FILE: made.ca },
      { DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: made.ca },
    ];
    // An older Deno that looks for a newer one before the program trusts anything can not be pinned.
    const more: Record<string, string> = takesAuthorities ? {} : { DENO_NO_UPDATE_CHECK: "1" };
    for (const trusted of trusting) {
      const env = { ...trusted, ...more };
      const run = (...args: string[]) => runCli(["list-chunks", "-e", "1", ...args, index], { env });
      strictEqual((await run()).code, 0);
      assertFails(await run("--ca-cert", other), 1, notTrusted);
    }
    // Without permission for the environment.
    const [program, , , ...cli] = cliCommand;
    const held = (ca: string) =>
      runAny(program, [
        ...["run", "--no-prompt", "--allow-read", `--allow-net=127.0.0.1:${server.addr.port}`, ...cli],
        ...["list-chunks", "-e", "1", "--ca-cert", ca, index],
      ], { env: { DENO_CERT: made.ca } });
    strictEqual((await held(made.ca)).code, 0);
    // node's TLS in Deno 2.6 adds to the authorities that Deno knows.
    if (takesAuthorities) assertFails(await held(other), 1, notTrusted);
  },
);

inTurn()(
  "with caCert no other authority is trusted, whatever was fetched before, and when Deno has looked for a newer one",
  { ignore: ignore || !takesAuthorities },
  async () => {
    using elsewhere = tempDir();
    const other = (await makeCertificates(elsewhere)).ca;
    await using server = serveTls({ cert: made.serverCert, key: made.serverKey }, () => new Response("x"));
    const url = at(server, "/x");
    const program = elsewhere.write(
      "program.ts",
      `import { makeHttpFetch } from "${new URL("../../../src/deno/net/http_fetch.ts", import.meta.url)}";
      const [how, caCert] = Deno.args;
      // Half a second after its start.
      if (how === "late") await new Promise((resolve) => setTimeout(resolve, 900));
      else await (await fetch("${url}")).text();
      using pinned = makeHttpFetch({ caCert });
      console.log(await pinned(new URL("${url}"), {}).then((response) => response.text(), (error) => error.message));`,
    );
    const outcomes = ["late", "after another"].flatMap((how) => [made.ca, other].map((ca) => [how, ca]));
    const found = await Promise.all(outcomes.map(async ([how, ca]) => {
      // It looks for a newer one where it has not done so for a day.
      const anew: Record<string, string> = how === "late"
        ? { DENO_DIR: elsewhere.dir(`${how}-${ca === other}`) }
        : {};
      const env = { DENO_CERT: made.ca, ...anew };
      return (await runAny(Deno.execPath(), ["run", "-A", "--no-check", program, how, ca], { env })).stdout
        .trim();
    }));
    const refusal = /certificate|signature/;
    deepStrictEqual([found[0], found[2]], ["x", "x"]);
    ok(refusal.test(found[1]) && refusal.test(found[3]), found.join("\n"));
  },
);

testFetch("what answers a request without TLS where TLS is spoken is told", async () => {
  await using server = serveTls({ cert: made.serverCert, key: made.serverKey });
  await using refuses = await startFaultyServer({ "/": { status: 400 } });
  for (const base of [`http://127.0.0.1:${server.addr.port}`, refuses.url]) {
    const asked = httpGet(new URL(base), "it", 100, { fetch: makeHttpFetch({ connections: 1 }) });
    await rejects(asked, { code: "store", retriable: false, message: /is it an https:\/\/ URL\?/ });
  }
});

testFetch(
  "with trustInsecure any certificate is taken, also after a redirect, and no other way is",
  async () => {
    const other = await selfSigned("other-name", "-addext", "subjectAltName=DNS:elsewhere.example");
    await using server = serveTls(
      other,
      (request) => new Response(`${request.method} ${request.url.at(-1)}`),
    );
    const insecure = { trustInsecure: true };
    await rejects(read(server.addr.port), /certificate/);
    strictEqual(await read(server.addr.port, insecure), "GET x");
    // What is trusted does not matter then.
    strictEqual(await read(server.addr.port, { ...insecure, caCert: made.ca }), "GET x");
    await using redirecting = redirectTls(made, at(server, "/y"));
    strictEqual(await read(redirecting.addr.port, insecure), "GET y");
    await using plain = await startFaultyServer({}, () => ({ body: "plain" }));
    const fetch = makeHttpFetch({ ...insecure, connections: 1 });
    strictEqual((await (await fetch(new URL(plain.url), {})).arrayBuffer()).byteLength, 5);
    await withVariables({ HTTPS_PROXY: "http://127.0.0.1:1", NO_PROXY: "" }, async () => {
      const url = new URL("https://store.example/x");
      await rejects(httpGet(url, url.href, 100, { fetch: makeHttpFetch(insecure) }), {
        code: "unsupported",
        message:
          /the proxy http:\/\/127\.0\.0\.1:1: certificates that are not verified .* are not supported through/,
      });
    });
  },
  // The node:https of an older Deno goes on checking whose the certificate is.
  ignore || !takesAuthorities,
);
