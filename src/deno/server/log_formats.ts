/** The forms of the lines of an access log. */
export const LOG_FORMATS = ["combined", "json"] as const;
/** One of them. */
export type LogFormat = typeof LOG_FORMATS[number];
