/** The leader's countdowns (contract 5 and 6): never early, never for ever, and no mass leaving by mistake. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionClocks, type Suspect } from '../../src/server/leader/session-clocks.js';
import { asRevision, asSessionId } from '../../src/types/ids.js';

const TICK_MS = 100;

const sid = (n: number) => asSessionId(n);

interface Options {
  readonly timeoutMs?: number;
  readonly graceMs?: number;
  readonly epoch?: number;
  readonly detached?: boolean;
}

function view(id: number, options: Options = {}) {
  const { timeoutMs = 2_000, graceMs = 0, epoch = 1, detached = false } = options;
  return { id: sid(id), timeoutMs, graceMs, epoch, detached, lastRevision: asRevision(id) };
}

function withSessions(count: number, options: Options = {}): SessionClocks {
  const clocks = new SessionClocks(TICK_MS);
  for (let id = 1; id <= count; id++) clocks.start(view(id, options));
  return clocks;
}

/** Lets time pass in whole ticks and answers everyone who was named on the way. */
function pass(clocks: SessionClocks, ms: number): Suspect[] {
  const named: Suspect[] = [];
  for (let left = ms; left > 0; left -= TICK_MS) {
    clocks.advance(Math.min(left, TICK_MS));
    named.push(...clocks.suspects(1_000));
  }
  return named;
}

const drop = (clocks: SessionClocks, id: number, epoch = 1) => {
  const isNew = clocks.dropped(sid(id), epoch);
  if (isNew) clocks.detached(sid(id), epoch);
  return isNew;
};

describe('a timeout', () => {
  it('is over after its full length, not a tick before', () => {
    const clocks = withSessions(1);
    expect(pass(clocks, 1_900)).toEqual([]);
    expect(pass(clocks, 100)).toEqual([{ session: 1, epoch: 1, cause: 'expiry' }]);
  });

  it('begins anew with every touch of the current attachment', () => {
    const clocks = withSessions(1);
    pass(clocks, 1_900);
    expect(clocks.touch(sid(1), 1)).toBe(true);
    expect(pass(clocks, 1_900)).toEqual([]);
    expect(pass(clocks, 200)).toHaveLength(1);
  });

  it('begins anew with an attachment', () => {
    const clocks = withSessions(1);
    pass(clocks, 1_900);
    clocks.start(view(1, { epoch: 2 }));
    expect(pass(clocks, 1_900)).toEqual([]);
    expect(pass(clocks, 100)).toEqual([{ session: 1, epoch: 2, cause: 'expiry' }]);
  });

  it('does not acknowledge what it does not count: a touch of an older attachment', () => {
    const clocks = withSessions(1);
    pass(clocks, 1_000);
    clocks.start(view(1, { epoch: 2 }));
    pass(clocks, 1_500);
    expect(clocks.touch(sid(1), 1)).toBe(false);
    expect(pass(clocks, 500)).toHaveLength(1);
  });

  it('charges a stall of the leader for two ticks only', () => {
    const clocks = withSessions(1);
    for (let i = 0; i < 9; i++) {
      clocks.advance(60_000);
      expect(clocks.suspects(10)).toEqual([]);
    }
    clocks.advance(60_000);
    expect(clocks.suspects(10)).toHaveLength(1);
  });

  it('does not run backwards with a clock that does', () => {
    const clocks = withSessions(1);
    pass(clocks, 1_900);
    clocks.advance(-60_000);
    expect(pass(clocks, 100)).toHaveLength(1);
  });

  it('of a session that ended names nobody', () => {
    const clocks = withSessions(2);
    clocks.end(sid(1));
    expect(clocks.count).toBe(1);
    expect(pass(clocks, 2_000).map(({ session }) => session)).toEqual([2]);
    expect(clocks.touch(sid(1), 1)).toBe(false);
  });
});

describe('a suspect', () => {
  it('is named again only after ten ticks, for as long as it is not ended', () => {
    const clocks = withSessions(1);
    expect(pass(clocks, 2_000)).toHaveLength(1);
    expect(pass(clocks, 900)).toEqual([]);
    expect(pass(clocks, 300)).toHaveLength(1);
    expect(pass(clocks, 900)).toEqual([]);
    expect(pass(clocks, 300)).toHaveLength(1);
  });

  it('is not confirmed when it was heard from during the round', () => {
    const clocks = withSessions(1);
    const [suspect] = pass(clocks, 2_000);
    expect(clocks.touch(sid(1), 1)).toBe(true);
    expect(clocks.confirm(suspect!)).toBe(false);
    expect(pass(clocks, 1_900)).toEqual([]);
  });

  it('is not confirmed when it attached during the round', () => {
    const clocks = withSessions(1);
    const [suspect] = pass(clocks, 2_000);
    clocks.start(view(1, { epoch: 2 }));
    expect(clocks.confirm(suspect!)).toBe(false);
  });

  it('whose end is proposed has its touches refused, and is confirmed once', () => {
    const clocks = withSessions(1);
    const [suspect] = pass(clocks, 2_000);
    expect(clocks.confirm(suspect!)).toBe(true);
    expect(clocks.confirm(suspect!)).toBe(false);
    expect(clocks.touch(sid(1), 1)).toBe(false);
  });

  it('lives a full timeout when its end came to nothing', () => {
    const clocks = withSessions(1);
    const [suspect] = pass(clocks, 2_000);
    clocks.confirm(suspect!);
    clocks.start(view(1));
    expect(clocks.touch(sid(1), 1)).toBe(true);
    expect(pass(clocks, 1_900)).toEqual([]);
  });

  it('beyond the limit of a tick is named on the next', () => {
    const clocks = withSessions(25);
    clocks.advance(100);
    for (let i = 0; i < 19; i++) clocks.advance(100);
    const named = [clocks.suspects(10), clocks.suspects(10), clocks.suspects(10)];
    expect(named.map((suspects) => suspects.length)).toEqual([10, 10, 5]);
    expect(new Set(named.flat().map(({ session }) => session)).size).toBe(25);
  });
});

describe('a grace', () => {
  const GRACE = { graceMs: 500, timeoutMs: 10_000 };

  it('begins when the loss of the current connection is applied, and ends before the timeout', () => {
    const clocks = withSessions(1, GRACE);
    expect(drop(clocks, 1)).toBe(true);
    expect(pass(clocks, 400)).toEqual([]);
    expect(pass(clocks, 100)).toEqual([{ session: 1, epoch: 1, cause: 'grace' }]);
  });

  it('is cancelled by an attachment', () => {
    const clocks = withSessions(1, GRACE);
    drop(clocks, 1);
    pass(clocks, 400);
    clocks.start(view(1, { ...GRACE, epoch: 2 }));
    expect(pass(clocks, 9_900)).toEqual([]);
    expect(pass(clocks, 100)).toEqual([{ session: 1, epoch: 2, cause: 'expiry' }]);
  });

  it('does not begin for an older attachment, twice, or for a session without one', () => {
    const clocks = withSessions(1, { ...GRACE, epoch: 2 });
    expect(drop(clocks, 1, 1)).toBe(false);
    expect(drop(clocks, 1, 2)).toBe(true);
    expect(drop(clocks, 1, 2)).toBe(false);
    clocks.start(view(9, { graceMs: 0 }));
    expect(drop(clocks, 9)).toBe(false);
    expect(drop(clocks, 77)).toBe(false);
  });

  it('that a new leader finds running begins anew', () => {
    const clocks = withSessions(1, { ...GRACE, detached: true });
    expect(pass(clocks, 400)).toEqual([]);
    expect(pass(clocks, 100)).toEqual([{ session: 1, epoch: 1, cause: 'grace' }]);
  });
});

describe('a mass disconnect', () => {
  const GRACE = { graceMs: 500, timeoutMs: 10_000 };

  function drops(sessions: number, dropped: number): SessionClocks {
    const clocks = withSessions(sessions, GRACE);
    for (let id = 1; id <= dropped; id++) drop(clocks, id);
    return clocks;
  }

  it('needs twenty sessions', () => {
    expect(drops(20, 19).isGraceSuspended).toBe(false);
    expect(drops(20, 20).isGraceSuspended).toBe(true);
  });

  it('needs more than 30 percent of the sessions with grace', () => {
    expect(drops(100, 30).isGraceSuspended).toBe(false);
    expect(drops(100, 31).isGraceSuspended).toBe(true);
  });

  it('does not count sessions without grace', () => {
    const clocks = drops(60, 19);
    for (let id = 1_000; id < 2_000; id++) clocks.start(view(id));
    drop(clocks, 20);
    expect(clocks.isGraceSuspended).toBe(true);
  });

  it('cancels every running grace: nobody ends before the timeout', () => {
    const clocks = drops(20, 20);
    expect(pass(clocks, 9_900)).toEqual([]);
    const causes = pass(clocks, 100).map(({ cause }) => cause);
    expect(causes).toEqual(Array(20).fill('expiry'));
  });

  it('counts losses within one grace, however few at a time', () => {
    const clocks = withSessions(40, GRACE);
    for (let id = 1; id <= 19; id++) drop(clocks, id);
    pass(clocks, 400);
    drop(clocks, 20);
    expect(clocks.isGraceSuspended).toBe(true);
  });

  it('does not count losses further apart than one grace', () => {
    const clocks = withSessions(40, GRACE);
    for (let id = 1; id <= 19; id++) drop(clocks, id);
    pass(clocks, 600);
    drop(clocks, 20);
    expect(clocks.isGraceSuspended).toBe(false);
  });

  it('cancels what was begun when the last loss came, also when it is confirmed only later', () => {
    const clocks = drops(40, 19);
    const suspects = pass(clocks, 500);
    expect(suspects.length).toBe(19);
    drop(clocks, 20);
    expect(clocks.isGraceSuspended).toBe(true);
    expect(suspects.map((suspect) => clocks.confirm(suspect))).toEqual(Array(19).fill(false));
  });

  it('lasts a session timeout: who comes back and drops once more on the way is not ended by grace', () => {
    const clocks = drops(20, 20);
    pass(clocks, 5_000);
    clocks.start(view(1, { ...GRACE, epoch: 2 }));
    drop(clocks, 1, 2);
    expect(pass(clocks, 4_900)).toEqual([]);
  });

  it('is over a session timeout after its last loss: then graces count again', () => {
    const clocks = drops(20, 20);
    pass(clocks, 10_000);
    expect(clocks.isGraceSuspended).toBe(false);
    clocks.start(view(1, { ...GRACE, epoch: 2 }));
    expect(drop(clocks, 1, 2)).toBe(true);
    expect(pass(clocks, 500)).toContainEqual({ session: 1, epoch: 2, cause: 'grace' });
  });

  it('is seen by a new leader in what it finds detached', () => {
    const clocks = new SessionClocks(TICK_MS);
    const sessions = Array.from({ length: 40 }, (_, i) =>
      view(i + 1, { ...GRACE, detached: i < 20 }),
    );
    clocks.startAll(sessions);
    expect(clocks.isGraceSuspended).toBe(true);
    expect(pass(clocks, 9_900)).toEqual([]);
  });
});

// ---- Anything in any order ----

type Step =
  | { readonly type: 'pass'; readonly ms: number }
  | { readonly type: 'touch' | 'attach' | 'drop' | 'end' | 'confirm'; readonly id: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pass' as const), ms: passing() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom('touch', 'attach', 'drop', 'end', 'confirm'),
      id: fc.integer({ min: 1, max: 5 }),
    }),
  },
);

function passing(): fc.Arbitrary<number> {
  return fc.oneof(fc.integer({ min: 1, max: 250 }), fc.constantFrom(100, 1_000, 30_000, -50));
}

/** Real time since a session was last heard from, and since its grace began. */
interface Known {
  epoch: number;
  readonly timeoutMs: number;
  readonly graceMs: number;
  heardAtMs: number;
  graceAtMs: number;
  isEnding: boolean;
}

class Slow {
  readonly clocks = new SessionClocks(TICK_MS);
  readonly known = new Map<number, Known>();
  readonly #suspects = new Map<number, Suspect>();
  #nowMs = 0;

  constructor() {
    for (let id = 1; id <= 5; id++) this.#start(id, 1);
  }

  #start(id: number, epoch: number): void {
    const timeoutMs = 500 * id;
    const graceMs = id % 2 === 0 ? 150 * id : 0;
    const session = { epoch, timeoutMs, graceMs, heardAtMs: this.#nowMs };
    this.known.set(id, { ...session, graceAtMs: Number.POSITIVE_INFINITY, isEnding: false });
    this.clocks.start(view(id, { timeoutMs, graceMs, epoch }));
  }

  take(step: Step): void {
    if (step.type === 'pass') return this.#pass(step.ms);
    const { id } = step;
    const known = this.known.get(id);
    if (step.type === 'attach') return this.#start(id, (known?.epoch ?? 1) + 1);
    if (step.type === 'touch') return this.#touch(id, known);
    if (step.type === 'confirm') return this.#confirm(id, known);
    if (step.type === 'end') {
      this.known.delete(id);
      return this.clocks.end(sid(id));
    }
    if (known !== undefined && drop(this.clocks, id, known.epoch)) known.graceAtMs = this.#nowMs;
  }

  #pass(ms: number): void {
    this.#nowMs += Math.max(ms, 0);
    this.clocks.advance(ms);
    for (const suspect of this.clocks.suspects(3)) {
      expect(this.known.get(suspect.session)?.epoch).toBe(suspect.epoch);
      this.#suspects.set(suspect.session, suspect);
      this.#expectOver(suspect);
    }
  }

  #touch(id: number, known: Known | undefined): void {
    const isCounted = this.clocks.touch(sid(id), known?.epoch ?? 1);
    expect(isCounted).toBe(known !== undefined && !known.isEnding);
    if (isCounted) known!.heardAtMs = this.#nowMs;
  }

  #confirm(id: number, known: Known | undefined): void {
    const suspect = this.#suspects.get(id);
    if (suspect === undefined || !this.clocks.confirm(suspect)) return;
    this.#expectOver(suspect);
    known!.isEnding = true;
  }

  #expectOver({ session }: Suspect): void {
    const { heardAtMs, timeoutMs, graceAtMs, graceMs } = this.known.get(session)!;
    const isExpired = this.#nowMs - heardAtMs >= timeoutMs;
    expect(isExpired || this.#nowMs - graceAtMs >= graceMs).toBe(true);
  }

  /** Left alone, everyone is named within its timeout, two ticks and the wait of a suspect. */
  expectAllNamed(): void {
    const named = new Set<number>();
    for (let i = 0; i < 2_500 / TICK_MS + 13; i++) {
      this.clocks.advance(TICK_MS);
      for (const { session } of this.clocks.suspects(5)) named.add(session);
    }
    expect([...named].sort()).toEqual([...this.known.keys()].sort());
  }
}

describe('whatever happens in whatever order', () => {
  it('nobody is named early, and everyone who stays silent is named', () => {
    const steps = fc.array(step, { maxLength: 80 });
    fc.assert(
      fc.property(steps, (all) => {
        const slow = new Slow();
        for (const one of all) slow.take(one);
        slow.expectAllNamed();
      }),
      { numRuns: 400 },
    );
  });
});
