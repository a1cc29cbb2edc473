/** Turns what the caller is told about the roll into lines, with the time it took to be told. */
import type { RollEvent } from '../../client/index.js';
import { clockMs, type Step } from './steps.js';

/** The server's own word travels another way than the change and may come a little later. */
const WAIT_FOR_STEP_MS = 80;

type StepTime = (id: string, step: Step['step'], now: number) => number | undefined;

export interface RollLogOptions {
  readonly events: AsyncIterable<RollEvent>;
  readonly stepTime: StepTime;
  readonly print: (line: string) => void;
}

/** Ends with the iterator. */
export async function logRoll({ events, stepTime, print }: RollLogOptions): Promise<void> {
  let isStale = false;
  for await (const event of events) {
    const now = clockMs();
    if (event.type === 'snapshot' || (event.type === 'live' && !isStale)) continue;
    if (event.type === 'stale' || event.type === 'live') isStale = event.type === 'stale';
    // All lines wait equally long, so they keep their order.
    setTimeout(() => print(describe(event) + toldIn(event, stepTime, now)), WAIT_FOR_STEP_MS);
  }
}

type Change = Exclude<RollEvent, { type: 'snapshot' }>;

function toldIn(event: Change, stepTime: StepTime, now: number): string {
  const step = stepOf(event);
  if (step === undefined || !('instance' in event)) return '';
  const at = stepTime(event.instance.id, step, now);
  // The caller can be told before the server has heard that it is registered.
  return at === undefined ? '' : `  caller told in ${Math.max(0, Math.round(now - at))} ms`;
}

function stepOf(event: Change): Step['step'] | undefined {
  if (event.type === 'join') return 'joined';
  if (event.type === 'leave') return 'leaving';
  if (event.type === 'change' && event.instance.state === 'DRAINING') return 'draining';
  return undefined;
}

function describe(event: Change): string {
  switch (event.type) {
    case 'join':
      return entry('join', event, `${event.instance.address}:${event.instance.port}`);
    case 'change':
      return entry('change', event, event.instance.state);
    case 'leave':
      return entry('leave', event, event.reason);
    case 'stale':
      return eventLine('stale', 'caller', `no word from a leader for ${event.ageMs} ms`);
    case 'live':
      return eventLine('live', 'caller', `rev ${event.revision}`);
  }
}

function entry(
  verb: string,
  event: Extract<Change, { instance: unknown }>,
  detail: string,
): string {
  const { service, id } = event.instance;
  return eventLine(verb, `${service}/${id}`, `${detail.padEnd(19)} rev ${event.revision}`);
}

/** `12:04:09 leave  web/blue  closed`. */
export function eventLine(verb: string, subject: string, detail: string): string {
  const time = new Date().toTimeString().slice(0, 8);
  return `${time} ${verb.padEnd(6)} ${subject.padEnd(9)} ${detail}`;
}
