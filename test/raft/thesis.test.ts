/**
 * One test for each claim of Ongaro's thesis that this implementation rests on, by section: the basic
 * algorithm. `Cluster` checks the five properties of figure 3.2 after every step anyway; here each has its
 * own provocation. What goes beyond chapter 3.9 is in `thesis-extensions.test.ts`.
 */
import { describe, expect, it } from 'vitest';
import { Cluster, TICKS } from './support/cluster.js';
import { idOf } from './support/entries.js';
import { answers, ELECTION, elected, from, logOf, propose, send } from './support/thesis.js';

describe('thesis 3.3: terms', () => {
  it('a member that sees a higher term takes it, and a leader or candidate steps down', () => {
    const cluster = elected(['a', 'b', 'c']);
    send(cluster, 'b→a heartbeat term=5 round=1');
    expect(cluster.get('a').raft).toMatchObject({ role: 'follower', term: 5, leader: 'b' });
  });

  it('a request with an earlier term is refused', () => {
    const cluster = elected(['a', 'b', 'c']);
    send(cluster, 'c→b append term=0 prev=0@0 commit=0 1@0:x');
    expect(answers(cluster, 'b')).toMatchObject([{ accepted: false, term: 1 }]);
  });
});

describe('thesis 3.4: leader election', () => {
  it('a follower that hears its leader never campaigns', () => {
    const cluster = elected(['a', 'b', 'c']);
    for (let i = 0; i < 10 * ELECTION; i++) {
      for (const name of ['a', 'b', 'c']) cluster.tick(name);
      cluster.settle();
    }
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', term: 1 });
  });

  it('each member votes for at most one candidate a term, first come, first served', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'a→b voteRequest term=1 last=0@0');
    send(cluster, 'c→b voteRequest term=1 last=0@0');
    expect(answers(cluster, 'b')).toMatchObject([
      { to: 'a', granted: true },
      { to: 'c', granted: false },
    ]);
  });

  it('a candidate that hears the leader of its term becomes its follower', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    cluster.tick('a', ELECTION);
    send(cluster, 'b→a voteResponse term=1 pre granted');
    expect(cluster.get('a').raft).toMatchObject({ role: 'candidate', term: 1 });
    send(cluster, 'c→a heartbeat term=1 round=1');
    expect(cluster.get('a').raft).toMatchObject({ role: 'follower', term: 1, leader: 'c' });
  });

  it('timeouts are drawn anew from the whole interval, so that split votes end', () => {
    const drawn: number[] = [];
    const bounds: number[] = [];
    const random = {
      below(bound: number) {
        bounds.push(bound);
        return drawn.shift() ?? 0;
      },
    };
    const cluster = new Cluster(['a', 'b', 'c'], { random });
    expect(bounds).toContain(TICKS.electionTicksMax - TICKS.electionTicksMin + 1);
    drawn.push(7);
    cluster.tick('a', ELECTION);
    cluster.take();
    cluster.tick('a', ELECTION + 6);
    expect(cluster.take()).toHaveLength(0);
    cluster.tick('a');
    expect(cluster.take()).toHaveLength(2);
  });

  it('a majority of refusals ends a campaign at once', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    cluster.tick('a', ELECTION);
    send(cluster, 'b→a voteResponse term=0 pre refused');
    send(cluster, 'c→a voteResponse term=0 pre refused');
    expect(cluster.get('a').raft.role).toBe('follower');
  });
});

describe('thesis figure 3.2: the properties', () => {
  it('election safety: of two candidates of one term, one wins at most', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    cluster.tick('a', ELECTION);
    send(cluster, 'b→a voteResponse term=1 pre granted');
    cluster.tick('c', ELECTION);
    send(cluster, 'b→c voteResponse term=1 pre granted');
    expect([cluster.get('a').raft.role, cluster.get('c').raft.role]).toEqual([
      'candidate',
      'candidate',
    ]);
    cluster.settle();
    const leaders = ['a', 'b', 'c'].filter((name) => cluster.get(name).raft.role === 'leader');
    expect(leaders).toHaveLength(1);
  });

  it('leader append-only: nothing that is sent to a leader changes its log', () => {
    const cluster = elected(['a', 'b', 'c']);
    propose(cluster, 'a', 'x');
    const before = logOf(cluster, 'a');
    send(cluster, 'b→a append term=1 prev=0@0 commit=0 1@1:evil');
    send(cluster, 'b→a installSnapshot term=1 snapshot=9@1');
    expect(logOf(cluster, 'a')).toEqual(before);
    expect(cluster.get('a').raft.role).toBe('leader');
  });

  it('log matching: an append is taken only behind an entry that is the same', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'a→b append term=2 prev=0@0 commit=0 1@1:x,y');
    send(cluster, 'a→b append term=2 prev=2@2 commit=0 3@2:z');
    send(cluster, 'a→b append term=2 prev=3@1 commit=0 4@2:z');
    expect(logOf(cluster, 'b')).toEqual(['x@1', 'y@1']);
    send(cluster, 'a→b append term=2 prev=2@1 commit=0 3@2:z');
    expect(logOf(cluster, 'b')).toEqual(['x@1', 'y@1', 'z@2']);
  });

  it('leader completeness: a member that lacks a committed entry cannot win', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('c');
    propose(cluster, 'a', 'x');
    cluster.settle();
    expect(cluster.get('a').raft.commitIndex).toBe(2);
    cluster.crash('a');
    cluster.heal();
    cluster.act('b', ({ raft }) => raft.peerDown(idOf('a')));
    for (let i = 0; i < 5; i++) {
      cluster.tick('c', ELECTION);
      cluster.settle();
    }
    expect(cluster.get('c').raft.role).not.toBe('leader');
    cluster.elect('b');
    expect(cluster.get('b').raft.role).toBe('leader');
  });

  it('state machine safety: what was applied stays, though its leader fell before telling anyone', () => {
    const cluster = elected(['a', 'b', 'c']);
    propose(cluster, 'a', 'x');
    cluster.deliver(from('a'));
    cluster.deliver(from('b'));
    expect(cluster.get('a').applied.at(-1)?.text).toBe('x');
    cluster.crash('a');
    cluster.elect('c');
    expect(cluster.get('c').applied.map((entry) => entry.text)).toContain('x');
  });
});

describe('thesis 3.5: log replication', () => {
  it('an entry is committed once the leader has replicated it on a majority', () => {
    const cluster = elected(['a', 'b', 'c', 'd', 'e']);
    propose(cluster, 'a', 'x');
    cluster.deliver(from('a'));
    cluster.deliver(from('b'));
    expect(cluster.get('a').raft.commitIndex).toBe(1);
    cluster.deliver(from('c'));
    expect(cluster.get('a').raft.commitIndex).toBe(2);
  });

  it('the leader retries for ever, and brings any log to its own', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('c');
    for (let i = 0; i < 20; i++) propose(cluster, 'a', `x${i}`);
    cluster.settle();
    cluster.heal();
    cluster.tick('a', TICKS.heartbeatTicks);
    cluster.settle();
    expect(logOf(cluster, 'c')).toEqual(logOf(cluster, 'a'));
  });
});

describe('thesis 3.6: safety', () => {
  it.each([
    ['a higher last term, though shorter', '1@3', true],
    ['the same log', '3@2', true],
    ['the same last term, longer', '4@2', true],
    ['the same last term, shorter', '2@2', false],
    ['a lower last term, though longer', '9@1', false],
  ])('3.6.1: asked by %s, the vote is given only to logs as up to date', (_, last, granted) => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'a→b append term=2 prev=0@0 commit=0 1@1:x 2@2:y,z');
    cluster.act('b', ({ raft }) => raft.peerDown(idOf('a')));
    cluster.take();
    send(cluster, `c→b voteRequest term=9 last=${last} pre`);
    send(cluster, `c→b voteRequest term=9 last=${last}`);
    expect(answers(cluster, 'b')).toMatchObject([{ granted }, { granted }]);
  });

  it('3.6.2: entries of earlier terms are not committed by counting copies (r03 shows figure 3.7)', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'x→a append term=1 prev=0@0 commit=0 1@1:old');
    send(cluster, 'x→b append term=1 prev=0@0 commit=0 1@1:old');
    cluster.take();
    cluster.act('b', ({ raft }) => raft.peerDown(idOf('x')));
    cluster.tick('a', ELECTION);
    cluster.settle();
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', commitIndex: 2 });
    const trace = cluster.trace.join('\n');
    expect(trace.indexOf('a applies 1@1')).toBeGreaterThan(trace.indexOf('accepted=2'));
  });
});

describe('thesis 3.7 and 3.8: crashes and what is persistent', () => {
  it('3.7: an append that arrives twice does no harm', () => {
    const cluster = elected(['a', 'b', 'c']);
    propose(cluster, 'a', 'x');
    const appends = cluster.take(from('a'));
    for (const message of [...appends, ...appends]) cluster.step(message);
    cluster.settle();
    expect(logOf(cluster, 'b')).toEqual(logOf(cluster, 'a'));
  });

  it('3.8: term, vote and log outlive a restart', () => {
    const cluster = elected(['a', 'b', 'c']);
    propose(cluster, 'a', 'x');
    cluster.settle();
    const before = logOf(cluster, 'b');
    cluster.crash('b');
    cluster.restart('b');
    expect(cluster.get('b').disk.hardState).toMatchObject({ term: 1, votedFor: 'a' });
    expect(logOf(cluster, 'b')).toEqual(before);
  });

  it('3.8: nothing that depends on the disk is said before the disk has it', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.get('b').isSlow = true;
    propose(cluster, 'a', 'x');
    cluster.deliver(from('a'));
    expect(answers(cluster, 'b')).toEqual([]);
    cluster.get('b').persist();
    expect(answers(cluster, 'b')).toMatchObject([{ type: 'appendResponse', index: 2 }]);
  });
});
