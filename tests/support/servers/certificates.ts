/** Certificates for a test's servers and clients, made by openssl and valid for two days. */

import { peers } from "../peers.ts";
import { run } from "../process.ts";
import type { TempDir } from "../temp.ts";

/** Paths of PEM files. */
export interface Certificates {
  /** The authority that signed the other two: what a client has to trust. */
  ca: string;
  serverCert: string;
  serverKey: string;
  clientCert: string;
  clientKey: string;
}

/**
 * Makes an authority, a server's certificate for 127.0.0.1 and localhost, and a client's. RSA keys take a second of
 * computing, so only the tests against the real programs have them.
 */
export async function makeCertificates(
  dir: TempDir,
  keys: keyof typeof newKeys = "ec",
): Promise<Certificates> {
  const newKey = [...newKeys[keys], "-nodes", "-sha256"];
  const ca = dir.path("tls", "ca.pem");
  const caKey = dir.path("tls", "ca.key");
  await run(peers.openssl, [
    ...["req", "-x509", ...newKey, "-keyout", caKey, "-out", ca],
    ...["-days", "2", "-subj", "/CN=desync test authority"],
  ]);
  const sign = async (name: string, extensions: string): Promise<[string, string]> => {
    const key = dir.path("tls", `${name}.key`);
    const request = dir.path("tls", `${name}.csr`);
    const cert = dir.path("tls", `${name}.pem`);
    const extensionFile = dir.write(`tls/${name}.ext`, extensions);
    await run(peers.openssl, [
      "req",
      "-new",
      ...newKey,
      "-keyout",
      key,
      "-out",
      request,
      "-subj",
      `/CN=${name}`,
    ]);
    await run(peers.openssl, [
      ...["x509", "-req", "-in", request, "-CA", ca, "-CAkey", caKey, "-CAcreateserial"],
      ...["-days", "2", "-extfile", extensionFile, "-out", cert],
    ]);
    return [cert, key];
  };
  const [serverCert, serverKey] = await sign(
    "server",
    "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n",
  );
  const [clientCert, clientKey] = await sign(
    "client",
    "extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n",
  );
  return { ca, serverCert, serverKey, clientCert, clientKey };
}

const newKeys = {
  rsa: ["-newkey", "rsa:2048"],
  ec: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
} as const;
