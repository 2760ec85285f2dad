/** Variables of the environment. */

/** Every variable that is looked at, for the manual: name and what it does. */
export const VARIABLES = {
  CASYNC_SSH_PATH: 'the program that reaches ssh stores, "ssh" when it is not set',
  CASYNC_REMOTE_PATH:
    'the program that is run on the other side of ssh, "casync" when it is not set; "desync" serves as well',
  DESYNC_HTTP_AUTH:
    'the value of the Authorization header for HTTP servers, such as "Bearer TOKEN"; a user in the URL comes first',
  NETRC:
    "the file with users and passwords for HTTP servers, ~/.netrc when it is not set (on Windows ~/_netrc)",
  HTTP_PROXY: "the proxy for http URLs: http, https, socks5 or socks5h; also http_proxy",
  HTTPS_PROXY: "the proxy for https URLs; also https_proxy",
  ALL_PROXY: "the proxy for both, where the others are not set; also all_proxy",
  NO_PROXY:
    "hosts that are reached without a proxy, with commas between: names with all below them, addresses, networks " +
    "(10.0.0.0/8), with a port or without, or *; also no_proxy",
  SSL_CERT_FILE:
    "the authorities to trust, instead of the system's file; those that Deno knows are trusted as well",
  SSL_CERT_DIR: "directories of such files, with colons between (Linux)",
  DENO_TLS_CA_STORE:
    "which authorities are trusted, and no others: system, mozilla, or both with a comma between",
  SSH_AUTH_SOCK: "the socket of the ssh agent, for --ssh-builtin",
  HOME: "where .config/desync/config.json is looked for (on Windows HOMEDRIVE and HOMEPATH)",
  DESYNC_PROGRESSBAR_ENABLED: "when set, shows a bar also where standard error is no terminal",
  DESYNC_ENABLE_PARSABLE_PROGRESS: "when set, --progress=auto is --progress=lines",
  TERM: "when it is dumb, progress is shown as lines in place of a bar",
  TMPDIR:
    "the directory for temporary files, /tmp when it is not set: for what comes in order and is needed in another " +
    "(on Windows TEMP, TMP)",
  SOURCE_DATE_EPOCH: "the day in the manual page, in seconds since 1970; today when it is not set",
} as const;
