/** Numbers as people read them. */

/** Decimal megabytes: `148 MB`, `4.2 MB`, `0.05 MB`; from ten thousand on `10.7 GB`. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  if (value >= 10_000) return `${(bytes / 1e9).toFixed(1)} GB`;
  return `${value.toFixed(value >= 10 ? 0 : value >= 0.1 ? 1 : 2)} MB`;
}

/** From milliseconds: `0.42 s`, `8 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** Whole seconds or minutes, for a time that is guessed. */
export function roughly(milliseconds: number): string {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** Three figures: `0.125`, `21.3`, `240`. */
export function threeFigures(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
