/** What shows servers who asks: from the options of their location, the URL, the environment, or a netrc file. */
import { join } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import { basicAuthorization, type HttpLocation } from "../../stores/http/http_location.ts";
import type { StoreOptions } from "../../stores/store_options.ts";
import { isNotFound, namedFileError } from "../files/file_errors.ts";
import { netrcUser } from "./netrc.ts";
import { homeDirectory, isOpenToOthers } from "./user_files.ts";
import { environment, mayRead } from "../system/permitted.ts";
import { readText } from "../files/read_whole.ts";

/** Finds the value of the Authorization header for each location. */
export class HttpCredentials {
  readonly #warn: (text: string) => void;
  #netrc: { path: string; text: string; isOpen: boolean } | undefined;

  /** `warn` is called once when the file that is used can be read by others. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /**
   * The headers for what is there. What the options of the location say comes first, then the URL, then DESYNC_HTTP_AUTH,
   * then the netrc file.
   */
  headersFor(
    { url, headers }: HttpLocation,
    { httpAuth, httpCookie }: Pick<StoreOptions, "httpAuth" | "httpCookie">,
  ): Readonly<Record<string, string>> {
    const authorization = httpAuth ?? headers.authorization ?? fromEnvironment() ??
      this.#fromNetrc(url.hostname);
    return {
      ...headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(httpCookie === undefined ? {} : { cookie: httpCookie }),
    };
  }

  #fromNetrc(host: string): string | undefined {
    this.#netrc ??= readNetrc();
    const user = netrcUser(this.#netrc.text, host);
    if (user === undefined) return undefined;
    if (this.#netrc.isOpen) {
      const { path } = this.#netrc;
      this.#warn(`${path} has passwords, and others can read it (chmod 600 ${path})`);
      this.#netrc.isOpen = false;
    }
    return basicAuthorization(user.login, user.password);
  }
}

function fromEnvironment(): string | undefined {
  const value = environment("DESYNC_HTTP_AUTH").trim();
  if (value === "") return undefined;
  // Without the value, which is secret.
  if (/^[\x21-\x7e]+ [\x20-\x7e]+$/.test(value)) return value;
  throw new DesyncError("usage", {
    action: "use",
    subject: "DESYNC_HTTP_AUTH",
    reason: 'it is not the value of an Authorization header, such as "Bearer TOKEN" or "Basic BASE64"',
  });
}

function readNetrc(): { path: string; text: string; isOpen: boolean } {
  const home = homeDirectory();
  const name = Deno.build.os === "windows" ? "_netrc" : ".netrc";
  const path = environment("NETRC") || (home === "" ? "" : join(home, name));
  if (path === "" || !mayRead(path)) return { path, text: "", isOpen: false };
  try {
    const text = readText(path);
    return { path, text, isOpen: isOpenToOthers(path) };
  } catch (error) {
    if (isNotFound(error)) return { path, text: "", isOpen: false };
    throw namedFileError("read", `the passwords in ${path}`, error);
  }
}
