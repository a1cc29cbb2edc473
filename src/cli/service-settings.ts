/** What `service set` changes: the wanted settings from those that stand, and the difference in words. Pure. */
import type { ServiceSettingsView } from '../client/index.js';

export interface SettingsFlags {
  readonly policy?: string;
  readonly minimumHealthy?: number;
  readonly field?: Readonly<Record<string, string>>;
  readonly unset?: readonly string[];
}

type Settings = Pick<ServiceSettingsView, 'policy' | 'minimumHealthy' | 'fields'>;

export function changedSettings(before: Settings, flags: SettingsFlags): Settings {
  const fields = { ...before.fields, ...flags.field };
  for (const key of flags.unset ?? []) delete fields[key];
  return {
    policy: flags.policy ?? before.policy,
    minimumHealthy: flags.minimumHealthy ?? before.minimumHealthy,
    fields,
  };
}

export const describePolicy = (policy: string): string => policy || "the caller's own";
export const describeMinimum = (percent: number): string =>
  percent === 0 ? 'none' : `${percent}%`;

/** A line for each setting that differs; none when all are equal. */
export function describeDifference(before: Settings, after: Settings): string[] {
  const lines = [
    line('policy', describePolicy(before.policy), describePolicy(after.policy)),
    line(
      'minimum healthy',
      describeMinimum(before.minimumHealthy),
      describeMinimum(after.minimumHealthy),
    ),
  ];
  const keys = [...new Set([...Object.keys(before.fields), ...Object.keys(after.fields)])].sort();
  for (const key of keys) {
    lines.push(line(`field ${key}`, quoted(before.fields[key]), quoted(after.fields[key])));
  }
  return lines.flat();
}

function line(name: string, before: string, after: string): string[] {
  return before === after ? [] : [`${name}: ${before} -> ${after}`];
}

function quoted(value: string | undefined): string {
  return value === undefined ? 'unset' : JSON.stringify(value);
}
