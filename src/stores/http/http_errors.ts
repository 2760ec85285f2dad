/** What went wrong with a request, in words that help, and whether it is worth another try. */
import type { HttpAnswer } from "./http_answer.ts";
import { DesyncError, type ErrorFields, interrupted, messageOf } from "../../core/errors.ts";
import { foreignText } from "../../core/foreign_text.ts";
import { errorWithoutSecretsOf, type HttpTarget, withoutSecretsOf } from "./http_secrets.ts";
import type { IdleWatch } from "./idle_watch.ts";
import { urlWithoutSecrets } from "../redact.ts";

const STATUS_HELP: ReadonlyMap<number, string> = new Map([
  [
    401,
    "the server wants a user and password: in the URL, DESYNC_HTTP_AUTH, ~/.netrc or the file that NETRC names, or http-auth in the configuration",
  ],
  [403, "the server refuses access to it"],
  [429, "the server wants fewer requests"],
]);

/** The same for what is uploaded. */
const UPLOAD_HELP: ReadonlyMap<number, string> = new Map([
  [400, "does the server take uploads, and of this name?"],
  [403, "the server refuses uploads to it"],
  [404, "the server takes no uploads there, or a directory is missing"],
  [405, "the server takes no uploads there"],
  [409, "a directory is missing there, or has that name"],
  [413, "larger than what the server takes"],
  [500, "may the server write there? its log may say"],
  [501, "the server takes no uploads"],
  [507, "no space left on the server"],
]);

/** Errors of servers that another try does not change. */
const LASTING_STATUSES = [501, 505, 507];

/** What a server answered instead of what was asked for. */
export class StatusError extends DesyncError {
  /** HTTP's status code. */
  readonly status: number;

  constructor(status: number, fields: ErrorFields) {
    super("store", fields);
    this.status = status;
  }
}

/** Whether the server says 400, with which desync's servers refuse the names of chunks in a form that they do not serve. */
export function isBadRequest(error: unknown): error is StatusError {
  return error instanceof StatusError && error.status === 400;
}

/** The error for a status that gives no body. `said` is what the server says about it, if anything. */
export function statusError(response: HttpAnswer, target: HttpTarget, said = ""): StatusError {
  const status = withoutSecretsOf(target, `${response.status} ${foreignText(response.statusText)}`).trim();
  const words = newsIn(withoutSecretsOf(target, said.trim()), response);
  const isKnown = response.status === 401 && target.headers?.authorization !== undefined;
  const isUpload = target.action === "write";
  // What servers answer where TLS is spoken, unless they have words for it.
  const wantsTls = response.status === 400 && words === "" && !isUpload && target.url.protocol === "http:";
  const help = isKnown
    ? "the server does not accept the user and password, or the token"
    : wantsTls
    ? "is it an https:// URL?"
    : (isUpload ? UPLOAD_HELP.get(response.status) : undefined) ??
      STATUS_HELP.get(response.status);
  const retriable = isPassing(response.status);
  const more = { hint: help, retriable, retryAfterMs: wantedPause(response) };
  return new StatusError(response.status, failed(target, `HTTP status ${status}${words}`, more));
}

/** A line of a server's own words, to follow a status; nothing for more lines, and for those that say no more than it. */
function newsIn(said: string, { status, statusText }: HttpAnswer): string {
  const line = said.replace(/\.$/, "");
  const bare = line.replace(/^\d{3}\b[ :]*/, "").toLowerCase();
  const isOld = bare === "" || bare === statusText.toLowerCase() ||
    (status === 401 && bare === "unauthorized");
  return isOld || /[\r\n]/.test(line) ? "" : `: ${foreignText(line)}`;
}

/** What servers answer that have too much to do. */
const BUSY_STATUSES = [429, 503];

/** How long the server wants no further request, 0 if it only wants fewer; `undefined` if it says neither. */
export function wantedPause({ status, headers }: HttpAnswer): number | undefined {
  return retryAfter(headers) ?? (BUSY_STATUSES.includes(status) ? 0 : undefined);
}

/** Whether another try may help. */
export function isPassing(status: number): boolean {
  return (status >= 500 && !LASTING_STATUSES.includes(status)) || status === 408 || status === 429;
}

/** The error for what could not be read at a URL, which is shown without its secrets. */
export function unreadable(redacted: string, reason: string, more: ErrorFields = {}): DesyncError {
  return new DesyncError("store", { action: "read", subject: redacted, reason, ...more });
}

function failed({ redacted, action = "read" }: HttpTarget, reason: string, more: ErrorFields): DesyncError {
  return unreadable(redacted, reason, { action, ...more });
}

/** The time that a server asks for, in milliseconds, from now on. */
export function retryAfter(headers: HttpAnswer["headers"]): number | undefined {
  const text = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Other forms of dates are none here.
  const then = /^[a-z]{3,9},? /i.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(then)) return undefined;
  // By the server's own clock, where it says what that shows.
  const now = Date.parse(headers.get("date") ?? "");
  return Math.max(0, then - (Number.isNaN(now) ? Date.now() : now));
}

/** What `makeHttpFetch` puts before the reason: how the request came to where it failed. */
const WAY = /^(?:(?:redirected to|through the proxy) \S+: )*/;

/** The error for what was thrown while a request was made or its body read. */
export function requestError(
  error: unknown,
  target: HttpTarget,
  watch: IdleWatch,
  signal?: AbortSignal,
): DesyncError {
  if (signal?.aborted) return interrupted();
  const cause = errorWithoutSecretsOf(target, error);
  if (watch.timedOut) {
    const { action = "read", redacted: subject } = target;
    return new DesyncError("timeout", { action, subject, reason: watch.complaint, cause, retriable: true });
  }
  if (error instanceof DesyncError) return error;
  const all = reasonOf(error, target);
  const [way] = WAY.exec(all)!;
  const reason = all.slice(way.length);
  const lasting = LASTING.find(([pattern]) => pattern.test(reason));
  const [pattern, words, hint] = lasting ?? PASSING.find(([pattern]) => pattern.test(reason)) ?? [];
  const retriable = lasting === undefined && !isNotPermitted(error);
  return failed(target, way + wordsFor(reason, pattern, words), { hint, cause, retriable });
}

/** What fetch says, better words where there are some, and what helps. */
type Rewording = readonly [pattern: RegExp, words?: string, hint?: string];

/** What another try may change. */
const PASSING: readonly Rewording[] = [
  [
    /\bwithout sending TLS close_notify\b|^socket hang up$/,
    "the server closed the connection without an answer",
    "does it want a client's certificate? --client-cert and --client-key",
  ],
];

/** What another try does not change. As the TLS library has it, "invalid peer certificate: UnknownIssuer". */
const LASTING: readonly Rewording[] = [
  [
    /\bUnknownIssuer\b|\bunable to verify the first certificate\b|\bself.signed certificate\b/,
    "the server's certificate is not from a trusted authority",
    "--ca-cert names those to trust, -t accepts any",
  ],
  [
    /\bCaUsedAsEndEntity\b/,
    "the server's own certificate is that of an authority",
    "trust it by --ca-cert, or give the server another: " +
    "openssl req -x509 -addext basicConstraints=critical,CA:FALSE …",
  ],
  [
    /\bUnsupportedCertVersion\b/,
    "the server's certificate has the old form X.509 v1, which is not accepted",
    "give the server one of version 3",
  ],
  [
    /\bcertificate (?:has )?expired\b/,
    "the server's certificate has expired",
    "or the clock of this machine is wrong",
  ],
  [
    /\bcertificate (?:not valid yet|is not yet valid)\b/,
    "the server's certificate is not valid yet",
    "or the clock of this machine is wrong",
  ],
  [/\bcertificate not valid for name ("[^"]*")/, "the server's certificate is not for the name $1"],
  [/\bdoes not match certificate's altnames\b/, "the server's certificate is not for this name"],
  [/^invalid peer certificate(.*)/s, "the server's certificate is not accepted$1"],
  [
    /\bfatal alert: CertificateRequired\b/,
    "the server wants a client's certificate",
    "--client-cert and --client-key",
  ],
  [/\bfatal alert: (?!InternalError)(\w+)/, "the server refuses the TLS connection ($1)"],
  [
    /\bcorrupt message of type InvalidContentType\b/,
    "the server does not speak TLS here",
    "is it an http:// URL?",
  ],
  [/\binvalid HTTP version\b/, "the server does not speak HTTP here", "is it an https:// URL?"],
  [
    /^(?!.*temporary).*\bdns error\b/i,
    "the host name was not found",
    "is the address right?",
  ],
  [/\bInvalid URL\b/i, "the server redirects to what is not a URL"],
  [/\bredirect/i],
  [/\bports? \d* ?(?:is|are) blocked/],
];

/** `$1` is what the pattern found. */
function wordsFor(reason: string, pattern?: RegExp, words?: string): string {
  return words?.replace("$1", () => pattern?.exec(reason)?.[1] ?? "") ?? reason;
}

function isNotPermitted(error: unknown): boolean {
  return error instanceof Error && error.name === "NotCapable";
}

/** The part of what fetch says that helps: not which request it was, which is said already. */
function reasonOf(error: unknown, target: HttpTarget): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  // «error sending request for url (…): client error (Connect): what happened», and other words before.
  const said = messageOf(cause);
  const [way] = WAY.exec(said)!;
  const text = way + said.slice(way.length).replace(/^.*?client error \(\w+\):? /, "") || messageOf(error);
  const clean = withoutSecretsOf(target, text);
  const own = urlWithoutSecrets(target.url.href);
  const at = clean.lastIndexOf(own);
  const rest = at < 0
    ? clean
    : clean.slice(at + own.length).replace(/^[\s):]+/, "") || clean.replaceAll(own, "it");
  return rest.replace(/ \(os error \d+\)/, "");
}
