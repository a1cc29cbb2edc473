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

/** The cost of `work` to each member, beside whatever `work` answers. */
export async function metered(members, work) {
  const before = new Map(members().map(({ pid }) => [pid, cpuSeconds(pid)]));
  const startMs = performance.now();
  const answer = await work();
  const seconds = (performance.now() - startMs) / 1000;
  const costs = members().map(({ name, pid }) => ({
    name,
    cpuSeconds: difference(cpuSeconds(pid), before.get(pid)),
    residentMb: residentMb(pid),
  }));
  return { ...answer, seconds, costs };
}

function difference(after, before) {
  return after === undefined || before === undefined ? undefined : after - before;
}
