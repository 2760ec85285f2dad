/** The keys for S3 services. */
import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { S3KeyFinder } from "../../../src/deno/net/s3_keys.ts";
import type { S3KeyOptions } from "../../../src/stores/store_options.ts";
import { tempDir } from "../../support/temp.ts";

const NAMES = [
  ...["S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_SESSION_TOKEN", "S3_REGION", "AWS_ACCESS_KEY_ID", "AWS_REGION"],
  ...[
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "HOME",
    "USERPROFILE",
  ],
  ...["AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"],
];

/** These variables and no others. */
function setOnly(env: Record<string, string>): void {
  for (const name of NAMES) {
    if (env[name] === undefined) Deno.env.delete(name);
    else Deno.env.set(name, env[name]);
  }
}

function regionOf(env: Record<string, string>): string | undefined {
  setOnly(env);
  return new S3KeyFinder({}, () => {}).region();
}

/** The keys and the region with these variables and no others, and what is warned of. */
function found(env: Record<string, string>, options: S3KeyOptions = {}) {
  setOnly(env);
  const warnings: string[] = [];
  const keys = new S3KeyFinder(options, (text) => warnings.push(text));
  const { accessKey, secretKey, sessionToken } = keys.credentials() ?? {};
  keys.credentials();
  return { keys: [accessKey, secretKey, sessionToken], region: keys.region(), warnings };
}

const s3 = { S3_ACCESS_KEY: "a", S3_SECRET_KEY: "b", S3_SESSION_TOKEN: "c", S3_REGION: "d" };
const aws = {
  ...{ AWS_ACCESS_KEY_ID: "e", AWS_SECRET_ACCESS_KEY: "f", AWS_SESSION_TOKEN: "g", AWS_REGION: "h" },
  AWS_DEFAULT_REGION: "i",
};

Deno.test("desync's variables come first, then Amazon's, then the options, then requests are not signed", () => {
  const none = { HOME: "/nowhere", USERPROFILE: "/nowhere" };
  const options = { accessKey: "j", secretKey: "k", region: "l" };
  deepStrictEqual(found({ ...none, ...s3, ...aws }, options), {
    keys: ["a", "b", "c"],
    region: "d",
    warnings: [],
  });
  deepStrictEqual(found({ ...none, ...aws }, options), { keys: ["e", "f", "g"], region: "h", warnings: [] });
  deepStrictEqual(found(none, options), { keys: ["j", "k", undefined], region: "l", warnings: [] });
  deepStrictEqual(found(none), { keys: [undefined, undefined, undefined], region: undefined, warnings: [] });
  strictEqual(found({ ...none, AWS_DEFAULT_REGION: "i" }).region, "i");
  const half = { code: "usage", message: /S3_ACCESS_KEY is set, S3_SECRET_KEY is not$/ };
  throws(() => found({ ...none, S3_ACCESS_KEY: "s3cret" }), half);
  const configured = /^Cannot use the S3 keys of the configuration: secret-key is set, access-key is not$/;
  throws(() => found(none, { secretKey: "s3cret" }), { code: "usage", message: configured });
  const odd =
    /^Cannot use the S3 keys of the environment: S3_SESSION_TOKEN has characters that keys do not have$/;
  throws(() => found({ ...none, ...s3, S3_SESSION_TOKEN: "s3\ncret" }), { code: "usage", message: odd });
});

Deno.test("the files of Amazon's tools, with profiles", () => {
  using dir = tempDir();
  const credentials = dir.write(
    ".aws/credentials",
    `# mine
[default]
aws_access_key_id = AKID1
aws_secret_access_key=x/y+z==
[other]
aws_access_key_id=AKID2
aws_secret_access_key=w
aws_session_token=t
; [hidden]
[half]
aws_access_key_id=AKID3
[role]
role_arn=arn:aws:iam::1:role/r
source_profile=default
[empty]
region=nothing
[own]
aws_access_key_id=AKID5
aws_secret_access_key=u
region = sa-east-1
`,
  );
  Deno.chmodSync(credentials, 0o600);
  dir.write(
    ".aws/config",
    `[default]
region = eu-central-1
s3 =
  region = nested
[profile other]
region=eu-west-3
[profile inconfig]
aws_access_key_id=AKID4
aws_secret_access_key=v
region=us-east-2
[profile own]
region=us-west-1
[unprefixed]
region=us-west-2
`,
  );
  Deno.chmodSync(dir.path(".aws/config"), 0o600);
  const home = { HOME: dir.root, USERPROFILE: dir.root };
  const expected = (keys: (string | undefined)[], region: string | undefined) => ({
    keys,
    region,
    warnings: [],
  });
  deepStrictEqual(found(home), expected(["AKID1", "x/y+z==", undefined], "eu-central-1"));
  deepStrictEqual(found({ ...home, AWS_PROFILE: "other" }), expected(["AKID2", "w", "t"], "eu-west-3"));
  deepStrictEqual(found(home, { profile: "other" }), expected(["AKID2", "w", "t"], "eu-west-3"));
  const inConfig = expected(["AKID4", "v", undefined], "us-east-2");
  deepStrictEqual(found({ ...home, AWS_PROFILE: "inconfig" }), inConfig);
  // Of two, Amazon's tools take that of the credentials.
  deepStrictEqual(found({ ...home, AWS_PROFILE: "own" }), expected(["AKID5", "u", undefined], "sa-east-1"));
  strictEqual(regionOf({ ...home, AWS_PROFILE: "unprefixed" }), "us-west-2");
  strictEqual(regionOf({ ...home, AWS_PROFILE: "own", AWS_REGION: "h" }), "h");
  const named = { HOME: "/nowhere", AWS_SHARED_CREDENTIALS_FILE: credentials };
  deepStrictEqual(found(named).keys, ["AKID1", "x/y+z==", undefined]);
  const byOption = found({ HOME: "/nowhere" }, { credentialsFile: credentials, profile: "other" });
  deepStrictEqual(byOption.keys, ["AKID2", "w", "t"]);
  const own = { credentialsFile: credentials, profile: "own" };
  strictEqual(found({ HOME: "/nowhere" }, own).region, "sa-east-1");
  strictEqual(found({ HOME: "/nowhere" }, { ...own, region: "l" }).region, "l");
  const bad: [profile: string, says: RegExp][] = [
    ["none", /the profile "none" of .*credentials: there is no such profile$/],
    ["half", /aws_access_key_id is set, aws_secret_access_key is not$/],
    ["role", /role_arn is not supported/],
    ["empty", /there is no such profile$/],
  ];
  for (const [profile, message] of bad) {
    throws(() => found({ ...home, AWS_PROFILE: profile }), { code: "usage", message });
  }
  if (Deno.build.os === "windows") return;
  Deno.chmodSync(credentials, 0o644);
  deepStrictEqual(found(home).warnings, [
    `${credentials} has secret keys, and others can read it (chmod 600 ${credentials})`,
  ]);
});
