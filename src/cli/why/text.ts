/**
 * The answer to "why did it vanish?", in plain sentences: is it here, how and when did it last go, does an
 * operator keep it off, does it come and go, and how far back this is known. Pure.
 */
import type { DepartureView, OverrideView } from '../../client/index.js';
import { DEPARTURES_PER_SERVICE_MAX } from '../../types/limits.js';
import { describeDuration } from '../duration.js';
import { place } from '../roll.js';
import { describeAge, describeAgo, describeTime, describeUntil } from '../values/clock.js';
import { describeInstanceName, describeSession } from '../values/targets.js';
import type { CurrentInstance, RecordReach, WhyFacts } from './facts.js';
import { adviseOn, describeReason } from './reasons.js';

/** Who leaves this often within this time comes and goes. */
const FLAPS_MIN = 3;
const FLAP_WINDOW_MS = 3_600_000;

export function describeWhy(facts: WhyFacts, now: number): string[] {
  const last = facts.departures.at(-1);
  const { current, override, record } = facts;
  return [
    presence(facts, now),
    ...(override === undefined ? [] : [describeOverride(override, now)]),
    ...(last === undefined ? [] : departure(last, current, now)),
    ...flapping(facts, now),
    ...(last === undefined ? [describeReach(facts.service, record, now)] : []),
  ];
}

function presence({ service, id, current, override }: WhyFacts, now: number): string {
  const name = describeInstanceName({ service, id });
  if (current === undefined) return `${name} is not on the roll.`;
  const { instance, changedTime, session } = current;
  const held = session === 0 ? 'static' : `session ${describeSession(session)}`;
  const since = `for ${describeAge(changedTime, now)} (since ${describeTime(changedTime, now)})`;
  const where = place(instance);
  const isDrained = override?.action === 'drain';
  const state = isDrained
    ? `DRAINING by an operator at ${where}; by its own word ${instance.state}`
    : `${instance.state} at ${where}`;
  return `${name} is on the roll: ${state}, ${since}, revision ${instance.revision}; ${held}.`;
}

export function describeOverride(override: OverrideView, now: number): string {
  const { action, who, reason, until, revision } = override;
  const does =
    action === 'drain'
      ? 'An operator drains it, whatever it says of itself'
      : 'An operator keeps it off: its id cannot register';
  const by = `${who || 'unnamed'}${reason === '' ? '' : `, "${reason}"`}, revision ${revision}`;
  const lift = `lift it with \`rollcall undrain ${describeInstanceName(override)}\``;
  return `${does}, ${describeUntil(until, now)} (${by}); ${lift}.`;
}

function departure(
  last: DepartureView,
  current: CurrentInstance | undefined,
  now: number,
): string[] {
  const verb = last.reason === 'replaced' ? 'It was displaced' : 'It left';
  const when = `${describeAgo(last.time, now)}, revision ${last.revision}`;
  const was = `It was at ${place(last)}, and had joined at revision ${last.createRevision}.`;
  return [
    `${verb} ${when}: ${describeReason(last)}.`,
    ...(current === undefined ? [was] : [comeback(last, current, now)]),
    `Advice: ${adviseOn(last)}.`,
  ];
}

function comeback(last: DepartureView, current: CurrentInstance, now: number): string {
  const { instance, joinedTime } = current;
  // Whoever took the id over kept its place, so it joined before.
  if (instance.createRevision < last.revision) return 'Its place on the roll was kept.';
  const after = describeDuration(Math.max(0, joinedTime - last.time));
  return `It came back ${after} later, at ${describeTime(joinedTime, now)}.`;
}

export interface Flapping {
  readonly leaves: number;
  /** Since the first of them, milliseconds. */
  readonly withinMs: number;
}

/** Replacements keep the place: nobody saw it go. */
export function flappingOf(
  departures: readonly DepartureView[],
  now: number,
): Flapping | undefined {
  const leaves = leavesOf(departures, now);
  if (leaves.length < FLAPS_MIN) return undefined;
  return { leaves: leaves.length, withinMs: Math.max(0, now - leaves[0]!.time) };
}

function leavesOf(departures: readonly DepartureView[], now: number): readonly DepartureView[] {
  return departures.filter(
    ({ reason, time }) => reason !== 'replaced' && time > now - FLAP_WINDOW_MS,
  );
}

function flapping({ departures }: WhyFacts, now: number): string[] {
  const found = flappingOf(departures, now);
  if (found === undefined) return [];
  const counts = new Map<string, number>();
  for (const { reason } of leavesOf(departures, now)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const reasons = [...counts].map(([reason, times]) => `${times} ${reason}`).join(', ');
  const within = describeDuration(found.withinMs);
  return [`It flaps: it left ${found.leaves} times within ${within} (${reasons}).`];
}

/** How far back an answer can reach. */
export function describeReach(service: string, record: RecordReach, now: number): string {
  const { departures, oldestTime } = record;
  if (oldestTime === undefined) return `Nobody is recorded as having left ${service}.`;
  const age = describeAge(oldestTime, now);
  return (
    `The record of ${service} keeps the last ${DEPARTURES_PER_SERVICE_MAX} registrations that ended; ` +
    `it holds ${departures}, the oldest of ${age} ago.`
  );
}
