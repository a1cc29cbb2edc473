/** What the leader lets end by itself: emptied containers, idle ttl nodes, overrides whose time has come. */
import { describe, expect, it } from 'vitest';
import { Reaper } from '../../src/server/leader/reaper.js';
import type { CommandBody, SetOverride } from '../../src/types/command.js';
import { REAPS_PER_TICK_MAX } from '../../src/types/limits.js';
import { create, Driver, register, remove, set } from '../tree/driver.js';
import { rev } from './support.js';

const TICK_MS = 100;
const IDLE_MS = 3_000;

class Setting {
  readonly driver = new Driver();
  proposed: CommandBody[] = [];
  stampMs = 0;
  reaper = this.#create();

  /** Whatever is proposed is applied at once, unless it is held. */
  isHeld = false;

  tick(elapsedMs = TICK_MS): void {
    this.reaper.tick(elapsedMs);
    if (!this.isHeld) this.applyProposed();
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= TICK_MS) this.tick();
  }

  lead(): void {
    this.reaper = this.#create();
  }

  applyProposed(): void {
    for (const body of this.proposed.splice(0)) {
      this.driver.apply(body);
      if (body.kind === 'reap') this.reaper.reapApplied(body.path);
      if (body.kind === 'expireOverride') this.reaper.overrideApplied(body);
    }
  }

  do(...bodies: readonly CommandBody[]): void {
    for (const body of bodies) this.driver.apply(body);
  }

  has(path: string): boolean {
    return this.driver.tree.get(path) !== undefined;
  }

  #create(): Reaper {
    const host = {
      tree: () => this.driver.tree,
      stampMs: () => this.stampMs,
      propose: (body: CommandBody) => void this.proposed.push(body),
    };
    return new Reaper(host, { tickMs: TICK_MS, containerIdleMs: IDLE_MS });
  }
}

const container = (path: string) => create(path, { nodeKind: 'container' });
const ttl = (path: string, ttlMs: number) => create(path, { nodeKind: 'ttl', ttlMs });
/** From one look at everything to the next. */
const LOOK_MS = 1_100;

describe('a container', () => {
  it('goes a while after its last child went, and not before', () => {
    const setting = new Setting();
    setting.do(container('/c'), create('/c/x'));
    setting.pass(2 * IDLE_MS);
    setting.do(remove('/c/x'));
    setting.pass(IDLE_MS - TICK_MS);
    expect(setting.has('/c')).toBe(true);
    setting.pass(2 * LOOK_MS);
    expect(setting.has('/c')).toBe(false);
  });

  it('that never had a child stays', () => {
    const setting = new Setting();
    setting.do(container('/c'));
    setting.pass(3 * IDLE_MS);
    expect(setting.has('/c')).toBe(true);
  });

  it('that had a child again in between counts from the beginning', () => {
    const setting = new Setting();
    setting.do(container('/c'), create('/c/x'), remove('/c/x'));
    for (let i = 0; i < 5; i++) {
      setting.pass(IDLE_MS - LOOK_MS);
      setting.do(create('/c/x'), remove('/c/x'));
    }
    expect(setting.has('/c')).toBe(true);
  });

  it('of a service goes after its last instance, but not while it has settings', () => {
    const setting = new Setting();
    const data = new TextEncoder().encode('{"policy":"p2c"}');
    const settings = { kind: 'setSettings', version: -1, who: '', why: '' } as const;
    for (const service of ['bare', 'set'])
      setting.do(register(service, 'a', { isStatic: true }), remove(`/services/${service}/a`));
    setting.do({ ...settings, service: 'set', data });
    setting.pass(IDLE_MS + 2 * LOOK_MS);
    expect([setting.has('/services/bare'), setting.has('/services/set')]).toEqual([false, true]);
    setting.do({ ...settings, service: 'set', data: new Uint8Array(0) });
    setting.pass(IDLE_MS + 2 * LOOK_MS);
    expect(setting.has('/services/set')).toBe(false);
    expect(setting.has('/services')).toBe(true);
  });
});

describe('a ttl node', () => {
  it('goes when it was not changed and had no children for its time', () => {
    const setting = new Setting();
    setting.do(ttl('/t', 2_000));
    setting.pass(1_500);
    setting.do(set('/t', 'x'));
    setting.pass(1_800);
    expect(setting.has('/t')).toBe(true);
    setting.do(create('/t/child'));
    setting.pass(5_000);
    setting.do(remove('/t/child'));
    setting.pass(1_900);
    expect(setting.has('/t')).toBe(true);
    setting.pass(2 * LOOK_MS);
    expect(setting.has('/t')).toBe(false);
  });

  it('does not age while the leader stands still, whatever its clock says', () => {
    const setting = new Setting();
    setting.do(ttl('/t', 2_000));
    setting.tick();
    for (let i = 0; i < 9; i++) setting.tick(3_600_000);
    expect(setting.has('/t')).toBe(true);
    setting.tick(-5_000);
    expect(setting.has('/t')).toBe(true);
  });

  it('begins anew under a new leader', () => {
    const setting = new Setting();
    setting.do(ttl('/t', 2_000));
    for (let i = 0; i < 5; i++) {
      setting.pass(1_900);
      setting.lead();
    }
    expect(setting.has('/t')).toBe(true);
  });

  it('is proposed once while that is under way, and again when something had kept it', () => {
    const setting = new Setting();
    setting.do(ttl('/t', 1_000));
    setting.isHeld = true;
    setting.pass(10_000);
    expect(setting.proposed).toHaveLength(1);
    setting.do(set('/t', 'saved'));
    setting.applyProposed();
    expect(setting.has('/t')).toBe(true);
    setting.pass(1_000 + 2 * LOOK_MS);
    expect(setting.proposed).toHaveLength(1);
  });
});

describe('many at once', () => {
  it('go a bounded number a tick, and all of them in the end', () => {
    const setting = new Setting();
    setting.driver.isChecking = false;
    const count = 3 * REAPS_PER_TICK_MAX + 1;
    for (let i = 0; i < count; i++) setting.do(ttl(`/t${i}`, 500));
    const perTick: number[] = [];
    setting.isHeld = true;
    for (let i = 0; i < 40; i++) {
      setting.tick();
      perTick.push(setting.proposed.length);
      setting.applyProposed();
    }
    expect(Math.max(...perTick)).toBe(REAPS_PER_TICK_MAX);
    expect(perTick.reduce((a, b) => a + b)).toBe(count);
    expect(setting.driver.tree.nodeCount).toBe(1);
  });

  it('of which none is due cost a tick a bounded piece of looking, and are all looked at', () => {
    let looks = 0;
    const reapables = function* () {
      const idle = { kind: 'ttl', modifyRevision: rev(1), childrenRevision: rev(1) } as const;
      for (let i = 0; i < 100_000; i++, looks++)
        yield { ...idle, path: `/${i}`, createRevision: rev(1), createCount: 0, ttlMs: 600_000 };
    };
    const tree = () => ({ reapables, timedOverrides: () => [] });
    const propose = () => expect.unreachable();
    const host = { tree, stampMs: () => 0, propose };
    const reaper = new Reaper(host, { tickMs: TICK_MS, containerIdleMs: IDLE_MS });
    let most = 0;
    for (let i = 0; i < 40; i++) {
      const before = looks;
      reaper.tick(TICK_MS);
      most = Math.max(most, looks - before);
    }
    expect(most).toBeLessThanOrEqual(5_000);
    expect(looks).toBeGreaterThanOrEqual(100_000);
  });
});

describe('an override', () => {
  const drain = (id: string, until: number): SetOverride => ({
    kind: 'setOverride',
    service: 'web',
    id,
    action: 'drain',
    who: 'ann',
    reason: 'test',
    until,
  });
  const standing = ({ driver }: Setting) =>
    driver.tree.overridesPage({ service: 'web', after: '', limit: 10 }).overrides.map((o) => o.id);

  it('ends when the stamp of the log has come to its time, and no other does', () => {
    const setting = new Setting();
    setting.do(drain('a', 5_000), drain('b', 0), drain('c', 9_000));
    setting.stampMs = 4_999;
    setting.pass(2 * LOOK_MS);
    expect(standing(setting)).toEqual(['a', 'b', 'c']);
    setting.stampMs = 5_000;
    setting.pass(LOOK_MS);
    expect(standing(setting)).toEqual(['b', 'c']);
  });

  it('is proposed to end once; one set anew meanwhile stays', () => {
    const setting = new Setting();
    setting.do(drain('a', 5_000));
    setting.stampMs = 5_000;
    setting.isHeld = true;
    setting.pass(5 * LOOK_MS);
    expect(setting.proposed).toHaveLength(1);
    setting.do(drain('a', 60_000));
    setting.applyProposed();
    expect(standing(setting)).toEqual(['a']);
  });
});
