/**
 * Each reason for which a registration ends, as a sentence and as what to do about it. Total: a new reason
 * without words does not compile. Pure.
 */
import type { DepartureView } from '../../client/index.js';
import { describeDuration } from '../duration.js';
import { place } from '../roll.js';
import { describeSession } from '../values/targets.js';

type Reason = DepartureView['reason'];

interface Words {
  /** After a colon. */
  readonly says: (departure: DepartureView) => string;
  readonly advice: (departure: DepartureView) => string;
}

const WORDS: Readonly<Record<Reason, Words>> = {
  closed: {
    says: (d) => `it was closed from its own side, as by a regular end${sessionOf(d)}`,
    advice: () =>
      'if nobody meant it, see what ended its process: a deploy, a scale-down, a finished command',
  },
  disconnected: {
    says: (d) =>
      `its connection was cut from its side and did not come back within its grace of ` +
      `${describeDuration(d.graceMs)}${sessionOf(d)}`,
    advice: (d) =>
      `its process died or was killed: see the log and the exit code of what ran at ${place(d)}; ` +
      'one that takes longer to start again keeps its place with a longer --grace',
  },
  expired: {
    says: (d) =>
      `its session ${describeSession(d.session)} expired: no sign of life for ` +
      `${describeDuration(d.sessionTimeoutMs)}${through(d)}`,
    advice: (d) =>
      `its process hung, or its machine or network did: look at ${place(d)} for long pauses (a ` +
      'stopped process, garbage collection, a suspended machine) or a broken network; a longer ' +
      '--session-timeout bears longer pauses',
  },
  deregistered: {
    says: (d) =>
      d.who === ''
        ? `a client deregistered it${heldBy(d)}`
        : `${d.who} deregistered it${because(d)}`,
    advice: (d) =>
      d.who === ''
        ? 'look for the program or script that deregisters that name: operators give theirs'
        : `ask ${d.who}; the act is in \`rollcall audit\``,
  },
  revoked: {
    says: (d) =>
      `${d.who || 'an operator'} ended its session ${describeSession(d.session)}${because(d)}`,
    advice: (d) =>
      `ask ${d.who || 'whoever operates the cluster'}; the act is in \`rollcall audit\`. To have it ` +
      'back, start its process again: what an operator ended does not register by itself',
  },
  replaced: {
    says: (d) =>
      isItself(d)
        ? 'it registered anew from the same address and port'
        : `another registration${d.who === '' ? '' : ` (at ${d.who})`} took its id`,
    advice: (d) =>
      isItself(d)
        ? 'nothing is wrong if its process was started again, or had lost the cluster for longer ' +
          'than its session timeout'
        : `if both should be there, two processes share the id ${d.id}: give each its own with --id`,
  },
  restored: {
    says: () => 'the cluster was restored to a state without it',
    advice: () => 'what joined after the backup has to register again: restart it if it does not',
  },
};

/** As after a restart, or a session that was lost: nobody else took the place. */
function isItself(departure: DepartureView): boolean {
  return departure.who === place(departure);
}

export function describeReason(departure: DepartureView): string {
  return (WORDS[departure.reason] ?? unknown(departure.reason)).says(departure);
}

export function adviseOn(departure: DepartureView): string {
  return (WORDS[departure.reason] ?? unknown(departure.reason)).advice(departure);
}

/** A newer member may know more reasons. */
function unknown(reason: string): Words {
  return { says: () => reason, advice: () => 'the member is newer than this command: upgrade it' };
}

function sessionOf(departure: DepartureView): string {
  if (departure.session === 0) return heldBy(departure);
  return ` (session ${describeSession(departure.session)}${through(departure)})`;
}

function heldBy({ session }: DepartureView): string {
  return session === 0 ? ' (it was static: no session held it)' : '';
}

function through({ member }: DepartureView): string {
  return member === '' ? '' : `, last attached through ${member}`;
}

function because({ why }: DepartureView): string {
  return why === '' ? ', giving no reason' : `: "${why}"`;
}
