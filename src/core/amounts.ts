/** Bytes and times as people read them. */

const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** Bytes with three digits and a decimal unit: `1.23 GB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Seconds as Go writes them: `5s`, `2m5s` or `3h7m0s`. */
export function formatGoSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(whole / 60);
  const parts = [`${whole % 60}s`];
  if (minutes > 0) parts.unshift(`${minutes % 60}m`);
  if (minutes >= 60) parts.unshift(`${Math.floor(minutes / 60)}h`);
  return parts.join("");
}

/** Seconds as `5s`, `2m05s` or `3h07m`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}
