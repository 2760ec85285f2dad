/** Locations of stores and indexes, whose passwords and signatures are never shown. */
import { ok } from "node:assert/strict";
import { redactLocation } from "../../src/deno/schemes.ts";
import { hideSecretsOf, withoutTypedSecrets } from "../../src/cli/output/typed_secrets.ts";
import { parseSshLocation } from "../../src/deno/ssh/ssh_location.ts";
import { DesyncError } from "../../src/core/errors.ts";
import { parseHttpLocation } from "../../src/stores/http/http_location.ts";
import { type Target, words } from "../target.ts";

const PASSWORD = "pw5ECRET";
const SIGNATURE = "sig5ECRET";
/** Texts in which these stand where passwords and signatures do. */
const HAS_PASSWORD = new RegExp(`^(?:https?|ssh|sftp)://[^/?#\\\\@]*:${PASSWORD}[^/?#\\\\@]*@[^@]*$`);
const HAS_SIGNATURE = new RegExp(`^https?://[^?#@]*\\?[^#@]*${SIGNATURE}[^@]*$`);
/** Begins another store of a group, in which it is none. */
const MEMBER = new RegExp(`\\|(?:https?|ssh|sftp)://.*${SIGNATURE}`, "s");

/** What may be shown of the text, parsed or not. */
function shownOf(text: string): string[] {
  const shown = [redactLocation(text)];
  for (const parse of [parseHttpLocation, parseSshLocation]) {
    try {
      shown.push(parse(text).redacted);
    } catch (error) {
      if (!(error instanceof DesyncError) || error.code !== "usage") throw error;
      shown.push(error.message);
    }
  }
  return [...shown, withoutTypedSecrets(`Cannot read the index ${text}: no such file`)];
}

export const location: Target = {
  name: "location",
  codes: ["usage"],
  words: words(
    "http://",
    "https://",
    "ssh://",
    "sftp://",
    "@",
    ":",
    "?",
    "#",
    "%",
    "%40",
    "[",
    "]",
    "|",
    ",",
    "\\",
    "//",
    PASSWORD,
    SIGNATURE,
  ),
  seeds: () =>
    words(
      `https://user:${PASSWORD}@host/store`,
      `http://host:8080/a/b?sig=${SIGNATURE}&x=1#y`,
      `ssh://user:${PASSWORD}@[::1]:22/srv/store`,
      `sftp://user:${PASSWORD}@host/srv/store`,
      `https://user:${PASSWORD}@h|st/[x?sig=${SIGNATURE}`,
    ),
  check(input) {
    const text = new TextDecoder().decode(input);
    hideSecretsOf([text]);
    const secrets = [PASSWORD, SIGNATURE].filter((secret) =>
      text.split(secret).length === 2 &&
      (secret === PASSWORD ? HAS_PASSWORD.test(text) : HAS_SIGNATURE.test(text) && !MEMBER.test(text))
    );
    const shown = shownOf(text);
    for (const line of shown) {
      for (const secret of secrets) ok(!line.includes(secret), `shown: ${line}`);
    }
    return `${secrets.length} ${shown.map((line) => line.startsWith("Cannot use") ? "-" : "+").join("")}`;
  },
};
