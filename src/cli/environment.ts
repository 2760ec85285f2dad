/** Variables of the environment. */

/** Every variable that is looked at, for the manual: name and what it does. */
export const VARIABLES = {
  CASYNC_SSH_PATH: 'the program that reaches ssh stores, "ssh" when it is not set',
  CASYNC_REMOTE_PATH:
    'the program that is run on the other side of ssh, "casync" when it is not set; "desync" serves as well',
  SSH_AUTH_SOCK: "the socket of the ssh agent, for --ssh-builtin",
  HOME: "where .config/desync/config.json is looked for (on Windows HOMEDRIVE and HOMEPATH)",
  DESYNC_PROGRESSBAR_ENABLED: "when set, shows a bar also where standard error is no terminal",
  DESYNC_ENABLE_PARSABLE_PROGRESS: "when set, --progress=auto is --progress=lines",
  TERM: "when it is dumb, progress is shown as lines in place of a bar",
  TMPDIR:
    "the folder for temporary files, /tmp when it is not set: for what comes in order and is needed in another " +
    "(on Windows TEMP, TMP)",
  SOURCE_DATE_EPOCH: "the day in the manual page, in seconds since 1970; today when it is not set",
} as const;
