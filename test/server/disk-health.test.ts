/** Goal: a write that does not end is noticed in time, and a disk is called well only on evidence. */
import { expect, it } from 'vitest';
import { DiskHealth } from '../../src/server/integrity/disk-health.js';

const LIMIT_MS = 900;
const TICK_MS = 15;

class Disk {
  readonly health = new DiskHealth({ limitMs: LIMIT_MS, tickMs: TICK_MS });
  nowMs = 0;
  probes = 0;
  /** How long a probe takes; undefined while the disk stalls. */
  probeMs: number | undefined = 5;
  #probeEndsMs: number | undefined;

  pass(ms: number): this {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += TICK_MS;
      this.health.tick(this.nowMs);
      if (this.#probeEndsMs !== undefined && this.nowMs >= this.#probeEndsMs) {
        this.#probeEndsMs = undefined;
        this.health.ended();
      }
      if (!this.health.takeProbe()) continue;
      this.probes++;
      this.health.began(true);
      this.#probeEndsMs = this.nowMs + (this.probeMs ?? Number.POSITIVE_INFINITY);
    }
    return this;
  }

  /** Sick, with the write that stalled just ended. */
  static recovering(): Disk {
    const disk = new Disk().pass(TICK_MS);
    disk.probeMs = LIMIT_MS / 2;
    disk.health.began();
    disk.pass(LIMIT_MS + 100);
    expect(disk.health.isSick).toBe(true);
    disk.health.ended();
    disk.probeMs = 5;
    return disk.pass(LIMIT_MS / 2);
  }
}

it('is well while writes end within the bound, however many', () => {
  const disk = new Disk();
  for (let i = 0; i < 20; i++) {
    disk.health.began();
    disk.pass(LIMIT_MS - 50);
    disk.health.ended();
  }
  expect([disk.health.isSick, disk.probes]).toEqual([false, 0]);
});

it('is sick as soon as the oldest write under way exceeds the bound', () => {
  const disk = new Disk().pass(TICK_MS);
  disk.probeMs = undefined;
  disk.health.began();
  disk.pass(LIMIT_MS - TICK_MS);
  disk.health.began();
  expect(disk.health.isSick).toBe(false);
  disk.pass(3 * TICK_MS);
  expect(disk.health.isSick).toBe(true);
  expect(disk.health.waitingMs).toBeGreaterThan(LIMIT_MS);
});

it('does not blame the disk for a process that stood still', () => {
  const disk = new Disk().pass(TICK_MS);
  disk.health.began();
  disk.nowMs += 60_000;
  disk.health.tick(disk.nowMs);
  expect(disk.health.isSick).toBe(false);
  expect(disk.health.waitingMs).toBeLessThanOrEqual(2 * TICK_MS);
});

it('is well again after some quick writes of its own, and two seconds', () => {
  const disk = Disk.recovering();
  const probes = disk.probes;
  disk.pass(1_900);
  expect(disk.health.isSick).toBe(true);
  disk.pass(700);
  expect(disk.health.isSick).toBe(false);
  expect(disk.probes - probes).toBeGreaterThanOrEqual(4);
  const { probes: last } = disk;
  expect(disk.pass(5_000).probes).toBe(last);
});

it('stays sick while writes are slow, a client’s or its own', () => {
  const disk = Disk.recovering();
  for (let i = 0; i < 10; i++) {
    disk.pass(1_000);
    disk.health.began();
    disk.pass(LIMIT_MS / 2);
    disk.health.ended();
  }
  expect(disk.health.isSick).toBe(true);
  const slow = Disk.recovering();
  slow.probeMs = LIMIT_MS / 2;
  expect(slow.pass(20_000).health.isSick).toBe(true);
});
