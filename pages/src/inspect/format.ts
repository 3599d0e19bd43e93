const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const SHORT_DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const TIME = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const SHORT_TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hour12: false });

export const dateText = (timeMs: number): string => DATE.format(timeMs);
export const shortDateText = (timeMs: number): string => SHORT_DATE.format(timeMs);
export const timeText = (timeMs: number): string => TIME.format(timeMs);
export const shortTimeText = (timeMs: number): string => SHORT_TIME.format(timeMs);
export const whenText = (timeMs: number): string => `${dateText(timeMs)}, ${timeText(timeMs)}`;
export const countText = (count: number): string => count.toLocaleString();

const UNITS = [
  { label: 'd', ms: 86_400_000 },
  { label: 'h', ms: 3_600_000 },
  { label: 'min', ms: 60_000 },
] as const;

/** About how long something took, in one unit. */
export function durationText(ms: number): string {
  const unit = UNITS.find((candidate) => ms >= candidate.ms);
  return unit === undefined ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / unit.ms)} ${unit.label}`;
}
