/**
 * What processes cost, as the kernel counts it: processor seconds and resident memory. Where there is
 * no /proc the answers are undefined, never guesses.
 */
import { readFileSync } from 'node:fs';

/** Kernel ticks in /proc are a hundredth of a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const UTIME = 11;
const STIME = 12;
const CHILDREN_UTIME = 13;
const CHILDREN_STIME = 14;

/** Of the fields after the command's name, which may itself hold blanks. */
function statFields(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

export function cpuSeconds(pid) {
  const fields = statFields(pid);
  if (fields === undefined) return undefined;
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND;
}

/** Of children that have ended. */
export function endedChildrenCpuSeconds() {
  const fields = statFields('self');
  if (fields === undefined) return undefined;
  return (Number(fields[CHILDREN_UTIME]) + Number(fields[CHILDREN_STIME])) / TICKS_PER_SECOND;
}

export function residentMb(pid) {
  try {
    const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return kb === null ? undefined : Number(kb[1]) / 1024;
  } catch {
    return undefined;
  }
}

/** Of the kernel's monotonic clock: all processes of a machine share it, and profiles are written in it. */
export function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The cost of `work` to each member, and when it was, beside whatever `work` answers. */
export async function metered(members, work) {
  const before = new Map(members().map(({ pid }) => [pid, cpuSeconds(pid)]));
  const fromMs = monotonicMs();
  const answer = await work();
  const toMs = monotonicMs();
  const costs = members().map(({ name, pid }) => ({
    name,
    cpuSeconds: difference(cpuSeconds(pid), before.get(pid)),
    residentMb: residentMb(pid),
  }));
  return { ...answer, span: { fromMs, toMs }, seconds: (toMs - fromMs) / 1000, costs };
}

function difference(after, before) {
  return after === undefined || before === undefined ? undefined : after - before;
}
