/** Certificates and keys in PEM files: those that the user names, and those that the system trusts. */
import { join, PATH_DELIMITER } from "../system/paths.ts";
import { DesyncError, messageOf } from "../../core/errors.ts";
import { namedFileError } from "../files/file_errors.ts";
import type { StoreOptions } from "../../stores/store_options.ts";
import { node } from "../system/node.ts";
import { environment, mayRead, setEnvironment } from "../system/permitted.ts";
import { readText } from "../files/read_whole.ts";

/** Certificates for TLS: paths of files in PEM. */
export interface TlsOptions {
  /** The only authorities that are trusted. Default: those of the system. */
  readonly caCert?: string;
  /** The certificate to show to servers. */
  readonly clientCert?: string;
  /** Its private key. */
  readonly clientKey?: string;
  /** For messages, the configuration files that name them. Default: options of the command line do. */
  readonly namedIn?: StoreOptions["namedIn"];
  /** Take any certificate of a server. Default: no. */
  readonly trustInsecure?: boolean;
}

/** The same, read and found to be usable. */
export interface Certificates {
  readonly caCerts: string[];
  /** Certificate and key to show to servers. */
  readonly own: { cert: string; key: string } | Record<string, never>;
}

/** Reads what the user named. Throws errors that name option and file for what TLS could not use. */
export function readCertificates(options: TlsOptions): Certificates {
  const { caCert, clientCert, clientKey, namedIn = {} } = options;
  const named = (key: string, file: string | undefined) =>
    file === undefined ? `--${key}` : `${key} in ${file}`;
  const caCerts = caCert === undefined ? [] : readAuthorities(named("ca-cert", namedIn.caCert), caCert);
  // What is missing of the two is wanted where the other one is.
  const certIn = clientCert === undefined ? namedIn.clientKey : namedIn.clientCert;
  const keyIn = clientKey === undefined ? namedIn.clientCert : namedIn.clientKey;
  const own = readPair(
    { option: named("client-cert", certIn), path: clientCert },
    { option: named("client-key", keyIn), path: clientKey },
  );
  return { caCerts, own: own ?? {} };
}

/** A file that an option names. */
export interface OptionFile {
  readonly option: string;
  /** `undefined` when the option was not given. */
  readonly path: string | undefined;
}

/** The authorities in a file. Throws `usage` or `io` with option and file for what TLS could not use. */
export function readAuthorities(option: string, path: string): string[] {
  const blocks = readBlocks(option, path, "certificate");
  check(`the file ${path} of ${option}`, blocks.map((block) => ({ caCerts: [block] })));
  return blocks;
}

/** A certificate and its key, `undefined` when neither is named. Throws as {@linkcode readAuthorities}. */
export function readPair(cert: OptionFile, key: OptionFile): { cert: string; key: string } | undefined {
  if (cert.path === undefined && key.path === undefined) return undefined;
  if (cert.path === undefined || key.path === undefined) {
    throw new DesyncError("usage", {
      problem: "Missing",
      subject: `option ${cert.path === undefined ? cert.option : key.option}`,
      reason: "a certificate and its key must be given together",
    });
  }
  const chain = readBlocks(cert.option, cert.path, "certificate");
  const pair = {
    cert: chain.join("\n"),
    key: readBlocks(key.option, key.path, "private key").join("\n"),
  };
  const name = `the files ${cert.path} of ${cert.option} and ${key.path} of ${key.option}`;
  const problem = problemWithPair(chain[0], pair.key);
  if (problem !== undefined) throw new DesyncError("io", { action: "use", subject: name, ...problem });
  // Another text than the one that is used: Deno 2.6 gives the same text the same authorities for ever.
  check(name, [{ cert: `${pair.cert}\n`, key: `${pair.key}\n` }]);
  return pair;
}

type ClientSettings = Parameters<typeof Deno.createHttpClient>[0];

/** Throws unless TLS takes each of these. */
function check(
  name: string,
  settings: readonly ClientSettings[],
): void {
  for (const [i, setting] of settings.entries()) {
    const problem = problemWith(setting);
    if (problem === undefined) continue;
    const which = settings.length === 1 ? "" : ` (certificate ${i + 1} of ${settings.length})`;
    throw new DesyncError("io", { action: "use", subject: `${name}${which}`, reason: problem });
  }
}

const PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/No keys found/, "the key is of a kind that TLS does not take"],
  [/InvalidByte|BadEncoding|decode|pem file/i, "what it holds is damaged"],
];

/** What is wrong with these, in words, `undefined` for nothing. */
function problemWith(
  settings: ClientSettings,
): string | undefined {
  try {
    Deno.createHttpClient(settings).close();
    return undefined;
  } catch (error) {
    const text = messageOf(error);
    return PROBLEMS.find(([pattern]) => pattern.test(text))?.[1] ?? text;
  }
}

/** What ends older Denos in a panic: it is found before. What this does not understand is left to TLS. */
function problemWithPair(cert: string, key: string): { reason: string; hint?: string } | undefined {
  try {
    if (isVersion1(cert)) {
      const reason = "the certificate has the old form X.509 v1, which is not accepted";
      return { reason, hint: "use a certificate of version 3" };
    }
    const { createPublicKey, X509Certificate } = node.crypto;
    const keys = [new X509Certificate(cert).publicKey, createPublicKey(key)];
    const [certified, own] = keys.map((key) => key.export({ type: "spki", format: "der" }).toString("hex"));
    return certified === own ? undefined : { reason: "the key is not that of the certificate" };
  } catch {
    return undefined;
  }
}

/** Whether a certificate lacks the version, which all later ones begin with. */
function isVersion1(cert: string): boolean {
  const bytes = Uint8Array.fromBase64(cert.replaceAll(/-----[^-]+-----/g, ""));
  // Behind the heads of two sequences: a tag, and a length of one byte or with so many more.
  const headEnd = (at: number) => at + 2 + (bytes[at + 1] < 0x80 ? 0 : bytes[at + 1] & 0x7f);
  return bytes[headEnd(headEnd(0))] !== 0xa0;
}

/** The parts of a PEM file, each from its first line to its last. A part without an end is ignored. */
function blocksOf(text: string): { block: string; label: string }[] {
  const blocks: { block: string; label: string }[] = [];
  let [start, open] = [0, ""];
  for (const { 0: line, 1: edge, 2: label, index } of text.matchAll(/-----(BEGIN|END) ([A-Z0-9 ]+)-----/g)) {
    if (edge === "BEGIN") [start, open] = [index, label];
    else if (label === open) {
      blocks.push({ block: text.slice(start, index + line.length), label });
      open = "";
    }
  }
  return blocks;
}

/** The parts of a PEM file that are of that kind. Throws when there is none, and says what is there instead. */
function readBlocks(option: string, path: string, kind: "certificate" | "private key"): string[] {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    throw namedFileError("read", `the file ${path} of ${option}`, error);
  }
  const refuse = (reason: string, hint?: string) =>
    new DesyncError("io", { action: "use", subject: `the file ${path} of ${option}`, reason, hint });
  const found = blocksOf(text);
  const wanted = found.filter(({ label }) =>
    kind === "certificate" ? label === "CERTIFICATE" : /^(?:(?:RSA|EC|ENCRYPTED) )?PRIVATE KEY$/.test(label)
  );
  if (
    wanted.some(({ block, label }) => label.startsWith("ENCRYPTED") || /^Proc-Type:.*ENCRYPTED/m.test(block))
  ) {
    throw refuse("the key is encrypted", `take the passphrase off: openssl pkey -in ${path} -out FILE`);
  }
  if (wanted.length > 0) return wanted.map(({ block }) => block);
  const labels = found.map(({ label }) => label);
  if (labels.includes("TRUSTED CERTIFICATE")) {
    throw refuse("it holds a TRUSTED CERTIFICATE", `convert it: openssl x509 -in ${path} -out FILE`);
  }
  if (labels.length > 0) throw refuse(`it holds a ${labels[0].toLowerCase()} and no ${kind}`);
  if (text.includes("-----BEGIN ")) throw refuse("it is cut off");
  const command = kind === "certificate" ? "openssl x509" : "openssl pkey";
  const hint = `if it is in DER, convert it: ${command} -inform der -in ${path} -out FILE`;
  throw refuse("it is not in PEM", hint);
}

/** Where distributions keep the certificates of the authorities that they trust, as Go knows them. */
const SYSTEM_FILES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Arch, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/tls/cacert.pem", // OpenELEC
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7
  "/etc/ssl/cert.pem", // Alpine
];
const SYSTEM_DIRECTORIES = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/**
 * The authorities that the system trusts, beside those that Deno knows: `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the
 * distribution's file. What cannot be read or used is left out.
 */
export function systemCertificates(): string[] {
  // Then Deno does what the user wants.
  if (environment("DENO_TLS_CA_STORE") !== "") return [];
  if (Deno.build.os === "darwin" || Deno.build.os === "windows") {
    // They are in no file. Deno looks at this before it first needs certificates.
    setEnvironment("DENO_TLS_CA_STORE", "system,mozilla");
    return [];
  }
  // As they are, which takes a few milliseconds for the usual 140; one that cannot be used spoils all.
  const texts = [...new Set(systemFiles().map(textOf))];
  if (problemWith({ caCerts: texts }) === undefined) return texts;
  const blocks = texts.flatMap((text) => blocksOf(text).map(({ block }) => block));
  return blocks.filter((block) => problemWith({ caCerts: [block] }) === undefined);
}

function systemFiles(): string[] {
  const [file, directories] = [environment("SSL_CERT_FILE"), environment("SSL_CERT_DIR")];
  const files = file !== "" ? [file] : SYSTEM_FILES.filter(isFile).slice(0, 1);
  const named = directories.split(PATH_DELIMITER).filter((directory) => directory !== "");
  const more = named.length > 0 || files.length > 0 ? named : SYSTEM_DIRECTORIES;
  return [...files.filter(isFile), ...more.flatMap(filesIn)];
}

function filesIn(directory: string): string[] {
  if (!mayRead(directory)) return [];
  try {
    const entries = node.fs.readdirSync(directory, { withFileTypes: true });
    const paths = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map(({ name }) =>
      join(directory, name)
    );
    return paths.filter((path) => node.fs.statSync(path, { throwIfNoEntry: false })?.isFile());
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return mayRead(path) && (node.fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch {
    return "";
  }
}
