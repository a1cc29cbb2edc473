/** Times for people: in the local zone, with the day only when it is not today. Pure: `now` is handed in. */
import { describeDuration } from '../duration.js';

/** 14:02:11, or 2026-11-21 14:02:11. */
export function describeTime(time: number, now: number): string {
  const date = new Date(time);
  const clock = date.toTimeString().slice(0, 8);
  return day(date) === day(new Date(now)) ? clock : `${day(date)} ${clock}`;
}

/** "3m20s ago (14:02:11)". Clocks differ: what seems to come is now. */
export function describeAgo(time: number, now: number): string {
  return `${describeAge(time, now)} ago (${describeTime(time, now)})`;
}

export function describeAge(time: number, now: number): string {
  return describeDuration(Math.max(0, now - time));
}

/** What stands until lifted has 0. */
export function describeUntil(until: number, now: number): string {
  if (until === 0) return 'until lifted';
  const left = until > now ? ` (${describeDuration(until - now)})` : '';
  return `until ${describeTime(until, now)}${left}`;
}

function day(date: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
