/** Variables of the environment. */

/** Every variable that is looked at, for the manual: name and what it does. */
export const VARIABLES = {
  CASYNC_SSH_PATH: 'the program that connects to ssh stores (default: "ssh")',
  CASYNC_REMOTE_PATH: 'the program to run on the remote host (default: "casync"); "desync" works too',
  DESYNC_HTTP_AUTH:
    'the value of the Authorization header for HTTP servers, such as "Bearer TOKEN"; a user in the URL takes ' +
    "precedence. For chunk-server and index-server it is the value that requests must have",
  DESYNC_ENCRYPTION_KEY:
    "the key of encrypted stores, 64 hexadecimal digits; one in the configuration takes precedence",
  LISTEN_FDS: "how many sockets systemd passes to a server, if LISTEN_PID is its process",
  S3_ACCESS_KEY: "the access key for S3; also AWS_ACCESS_KEY_ID",
  S3_SECRET_KEY: "its secret key; also AWS_SECRET_ACCESS_KEY",
  S3_SESSION_TOKEN: "the token of keys for a session; also AWS_SESSION_TOKEN",
  S3_REGION: "the region of the S3 service; also AWS_REGION, AWS_DEFAULT_REGION",
  AWS_PROFILE: 'the profile in the credential file (default: "default")',
  AWS_SHARED_CREDENTIALS_FILE: "the credential file (default: ~/.aws/credentials)",
  AWS_CONFIG_FILE: "the file with the regions of profiles (default: ~/.aws/config)",
  NETRC: "the file with users and passwords for HTTP servers (default: ~/.netrc, on Windows ~/_netrc)",
  HTTP_PROXY: "the proxy for http URLs: http, https, socks5 or socks5h; also http_proxy",
  HTTPS_PROXY: "the proxy for https URLs; also https_proxy",
  ALL_PROXY: "the proxy for both, if the others are not set; also all_proxy",
  NO_PROXY:
    "comma-separated hosts to reach without a proxy: names including subdomains, addresses, networks " +
    "(10.0.0.0/8), with a port or without, or *; also no_proxy",
  SSL_CERT_FILE:
    "the authorities to trust, instead of the system's file; those that Deno knows are trusted as well",
  SSL_CERT_DIR: "colon-separated directories of such files (Linux)",
  DENO_TLS_CA_STORE: "the only authorities to trust: system, mozilla, or both, comma-separated",
  DENO_CERT: "a file of further authorities to trust",
  DENO_NO_UPDATE_CHECK: "when set, Deno does not look for a newer version, and --ca-cert is faster",
  SSH_AUTH_SOCK: "the socket of the ssh agent, for --ssh-builtin",
  HOME: "where .config/desync/config.json is looked for (on Windows HOMEDRIVE and HOMEPATH)",
  XDG_CACHE_HOME: "where the indexes of seeds that were cut are kept, without a cache (default: ~/.cache)",
  DESYNC_PROGRESSBAR_ENABLED: "when set, shows a bar even if standard error is not a terminal",
  DESYNC_ENABLE_PARSABLE_PROGRESS: "when set, --progress=auto is --progress=lines",
  TERM:
    "when it is dumb, progress is shown as lines instead of a bar, and plans have letters instead of colours",
  NO_COLOR: "when set, plans (info --plan) have letters instead of colours, and bars have none",
  TMPDIR: "the directory for temporary files (default: /tmp), for streams that need random access " +
    "(on Windows TEMP, TMP)",
  SOURCE_DATE_EPOCH: "the date of the manual page, in seconds since 1970 (default: today)",
} as const;
