/** What all workloads share: the value that is written, and how much of everything a run does. */
export const VALUE = Buffer.alloc(100, 'x');

/** Enough for stable figures on a quiet machine. */
const FULL = {
  seconds: 5,
  warmUpSeconds: 3,
  kills: 5,
  changes: 100,
  watchers: [100, 1000],
  nodes: [200_000],
  picks: 5_000_000,
  services: 100,
  subscribers: 1000,
};

/** Only shows that everything runs: its figures mean nothing. */
const QUICK = {
  seconds: 0.5,
  warmUpSeconds: 0.3,
  kills: 1,
  changes: 5,
  watchers: [20],
  nodes: [2000],
  picks: 100_000,
  services: 5,
  subscribers: 20,
};

export function settingsFor({ quick, ...given }) {
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...(quick ? QUICK : FULL), ...Object.fromEntries(stated) };
}
