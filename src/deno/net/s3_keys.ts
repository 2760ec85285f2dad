/**
 * The keys for S3 services: from desync's variables, else Amazon's, else the options of the location, else the files of
 * Amazon's tools. Without any of these, requests are not signed.
 */
import { join } from "../system/paths.ts";
import { DesyncError } from "../../core/errors.ts";
import type { S3Keys } from "../../stores/s3/s3_signer.ts";
import type { S3KeyOptions } from "../../stores/store_options.ts";
import { isNotFound, namedFileError } from "../files/file_errors.ts";
import { readText } from "../files/read_whole.ts";
import { environment, mayRead } from "../system/permitted.ts";
import { parseAwsProfiles, type Profile } from "./aws_profiles.ts";
import { homeDirectory, isOpenToOthers } from "./user_files.ts";

/** What an access key, a secret key and a session's token are called. */
type KeyNames = readonly [access: string, secret: string, token: string];

/** Their names among the variables of the environment. */
const VARIABLES: readonly KeyNames[] = [
  ["S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_SESSION_TOKEN"],
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"],
];

/** The same in a profile. */
const SETTINGS: KeyNames = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/** What is in a profile instead of keys, and needs other programs or services. */
const UNSUPPORTED = [
  "role_arn",
  "credential_process",
  "sso_session",
  "sso_start_url",
  "web_identity_token_file",
];

/** Finds the keys of one location. */
export class S3KeyFinder {
  readonly #options: S3KeyOptions;
  readonly #warn: (text: string) => void;
  #warned = false;

  /** `warn` is called once when the file that is used can be read by others. */
  constructor(options: S3KeyOptions, warn: (text: string) => void) {
    this.#options = options;
    this.#warn = warn;
  }

  /**
   * The keys, `undefined` when there are none. A file is read anew each time: another program may have renewed them. Throws
   * `usage` for half of them, and for a profile that is not there.
   */
  credentials(): S3Keys | undefined {
    for (const names of VARIABLES) {
      const keys = keysOf(names, environment, "the environment");
      if (keys !== undefined) return keys;
    }
    const { accessKey = "", secretKey = "" } = this.#options;
    const configured = new Map([["access-key", accessKey], ["secret-key", secretKey]]);
    const names = ["access-key", "secret-key", "session-token"] as const;
    return keysOf(names, (name) => configured.get(name) ?? "", "the configuration") ?? this.#fromFile();
  }

  /** The region, if it is known. */
  region(): string | undefined {
    for (const name of ["S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"]) {
      const region = environment(name);
      if (region !== "") return region;
    }
    if (this.#options.region !== undefined) return this.#options.region;
    const { name } = this.#profile();
    // As Amazon's tools, which put what the credentials have over what the configuration has.
    const own = parseAwsProfiles(readIfThere(this.#credentialsFile)).get(name)?.get("region");
    if (own !== undefined) return own;
    const config = parseAwsProfiles(readIfThere(configFile()));
    return [`profile ${name}`, name].map((section) => config.get(section)?.get("region"))
      .find((region) => region !== undefined);
  }

  get #credentialsFile(): string {
    return this.#options.credentialsFile ?? credentialsFile();
  }

  #fromFile(): S3Keys | undefined {
    const { name, isNamed } = this.#profile();
    const file = this.#credentialsFile;
    const section = this.#sectionOf(file, name) ?? this.#sectionOf(configFile(), `profile ${name}`) ??
      this.#sectionOf(configFile(), name);
    const subject = `the profile ${JSON.stringify(name)} of ${file}`;
    if (section === undefined) {
      if (!isNamed) return undefined;
      throw new DesyncError("usage", { action: "use", subject, reason: "there is no such profile" });
    }
    const keys = keysOf(SETTINGS, (key) => section.get(key) ?? "", subject);
    const other = UNSUPPORTED.find((key) => section.has(key));
    if (keys === undefined && (isNamed || other !== undefined)) {
      const reason = other === undefined ? "it has no keys" : `${other} is not supported`;
      throw new DesyncError("usage", {
        action: "use",
        subject,
        reason,
        hint: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
      });
    }
    return keys;
  }

  /** The section of the file that has keys, or what would give some. */
  #sectionOf(file: string, name: string): Profile | undefined {
    const text = readIfThere(file);
    const section = parseAwsProfiles(text).get(name);
    if (section === undefined) return undefined;
    if (!this.#warned && section.has("aws_secret_access_key") && isOpenToOthers(file)) {
      this.#warned = true;
      this.#warn(`${file} has secret keys, and others can read it (chmod 600 ${file})`);
    }
    return ["aws_access_key_id", ...UNSUPPORTED].some((key) => section.has(key)) ? section : undefined;
  }

  #profile(): { name: string; isNamed: boolean } {
    const name = this.#options.profile ?? environment("AWS_PROFILE");
    return {
      name: name || "default",
      isNamed: name !== "" || this.#options.credentialsFile !== undefined,
    };
  }
}

/** The keys of these names, `undefined` without any. Throws `usage`, without values, for what cannot be keys. */
function keysOf(names: KeyNames, valueOf: (name: string) => string, where: string): S3Keys | undefined {
  const [accessKey, secretKey, sessionToken] = names.map(valueOf);
  if (accessKey === "" && secretKey === "") return undefined;
  const invalid = (reason: string) =>
    new DesyncError("usage", { action: "use", subject: `the S3 keys of ${where}`, reason });
  const [access, secret] = names;
  if (accessKey === "") throw invalid(`${secret} is set, ${access} is not`);
  if (secretKey === "") throw invalid(`${access} is set, ${secret} is not`);
  // They are sent in headers, whose errors would show them.
  const odd = names.find((name) => !/^[\x21-\x7e]*$/.test(valueOf(name)));
  if (odd !== undefined) throw invalid(`${odd} has characters that keys do not have`);
  return { accessKey, secretKey, ...sessionToken === "" ? {} : { sessionToken } };
}

function credentialsFile(): string {
  return environment("AWS_SHARED_CREDENTIALS_FILE") || inHome("credentials");
}

function configFile(): string {
  return environment("AWS_CONFIG_FILE") || inHome("config");
}

function inHome(name: string): string {
  const home = homeDirectory();
  return home === "" ? "" : join(home, ".aws", name);
}

function readIfThere(path: string): string {
  if (path === "" || !mayRead(path)) return "";
  try {
    return readText(path);
  } catch (error) {
    if (isNotFound(error)) return "";
    throw namedFileError("read", `the S3 keys in ${path}`, error);
  }
}
