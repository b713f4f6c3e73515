// Numbers and times as people write them.
export const NONE = "–";

export const whole = (value) => (known(value) ? value.toLocaleString("en") : NONE);
export const speed = (value) => (known(value) ? value.toLocaleString("en", value < 9.95 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 }) : NONE);
export const score = (value) => (known(value) ? value.toLocaleString("en", { maximumSignificantDigits: 4 }) : NONE);
export const memory = (value) => (!known(value) ? NONE : value < 1000 ? `${value.toFixed(0)} MiB` : `${(value / 1024).toFixed(1)} GiB`);

// A length of time, in its two largest units.
export function time(seconds) {
  if (!known(seconds)) return NONE;
  const all = Math.round(seconds);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min`;
  if (all < 86400) return `${Math.floor(all / 3600)} h ${Math.floor((all % 3600) / 60)} min`;
  return `${Math.floor(all / 86400)} d ${Math.floor((all % 86400) / 3600)} h`;
}

// How long ago a moment was.
export function ago(moment) {
  if (!moment) return NONE;
  const seconds = (Date.now() - Date.parse(moment)) / 1000;
  return seconds < 2 ? "now" : `${time(seconds)} ago`;
}
