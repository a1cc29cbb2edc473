/**
 * One test for each claim of Ongaro's thesis that this implementation rests on, by section. `Cluster` checks
 * the five properties of figure 3.2 after every step anyway; here each has its own provocation.
 */
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../../src/types/message.js';
import { Cluster, TICKS } from './support/cluster.js';
import { batchOf, configurationOf, entriesOf, idOf } from './support/entries.js';
import { forge } from './support/forge.js';

const ELECTION = TICKS.electionTicksMin;

function send(cluster: Cluster, text: string): void {
  cluster.step(forge(text.split(' ')));
}

function propose(cluster: Cluster, name: string, ...texts: string[]): void {
  cluster.act(name, ({ raft }) => raft.propose(batchOf(texts), 0));
}

function logOf(cluster: Cluster, name: string): string[] {
  return entriesOf(cluster.get(name).memory).map((entry) => `${entry.text}@${entry.term}`);
}

function from(name: string, type?: RaftMessage['type']) {
  return (message: RaftMessage) =>
    message.from === name && (type === undefined || message.type === type);
}

function answers(cluster: Cluster, name: string): RaftMessage[] {
  return cluster.take(from(name));
}

function elected(names: string[], leader = names[0]!): Cluster {
  const cluster = new Cluster(names);
  cluster.elect(leader);
  return cluster;
}

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

describe('thesis 3.10: leadership transfer', () => {
  it('the target wins without waiting, and no proposal is taken meanwhile', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.act('a', ({ raft }) => {
      expect(raft.transferLeadership(idOf('b'))).toBe(true);
      expect(raft.propose(batchOf(['x']), 0)).toBeUndefined();
    });
    cluster.settle();
    expect(cluster.get('b').raft).toMatchObject({ role: 'leader', term: 2 });
  });

  it('without a target that answers it is given up after an election timeout', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('b');
    cluster.act('a', ({ raft }) => raft.transferLeadership(idOf('b')));
    cluster.tick('a', TICKS.heartbeatTicks);
    cluster.settle();
    cluster.tick('a', ELECTION - TICKS.heartbeatTicks);
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', isTransferring: false });
  });
});

describe('thesis 4: membership', () => {
  it('4.1: a configuration is used as soon as it is in the log', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.act('a', ({ raft }) => raft.proposeConfiguration(configurationOf(['a', 'b'])));
    propose(cluster, 'a', 'x');
    cluster.cut('a', 'c');
    cluster.settle();
    expect(cluster.get('a').raft.commitIndex).toBe(3);
  });

  it('4.1: one change at a time, and none before an entry of the own term is committed', () => {
    const cluster = elected(['a', 'b', 'c']);
    const next = configurationOf(['a', 'b', 'c', '+d']);
    cluster.act('a', ({ raft }) => {
      expect(raft.proposeConfiguration(configurationOf(['a', 'b']))).toBe('accepted');
      expect(raft.proposeConfiguration(next)).toBe('pending');
    });
    const fresh = new Cluster(['a', 'b', 'c']);
    fresh.tick('a', ELECTION);
    send(fresh, 'b→a voteResponse term=1 pre granted');
    send(fresh, 'b→a voteResponse term=1 granted');
    expect(fresh.get('a').raft.role).toBe('leader');
    expect(fresh.get('a').raft.proposeConfiguration(next)).toBe('pending');
  });

  it('4.1: members answer whoever asks, whatever their own configuration says', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'x→b voteRequest term=1 last=0@0');
    expect(answers(cluster, 'b')).toMatchObject([{ to: 'x', granted: true }]);
  });

  it('4.2.1: a learner takes entries and counts for nothing', () => {
    const cluster = elected(['a', 'b', '+c']);
    cluster.isolate('b');
    propose(cluster, 'a', 'x');
    cluster.settle();
    expect(logOf(cluster, 'c')).toEqual(logOf(cluster, 'a'));
    expect(cluster.get('a').raft.commitIndex).toBe(1);
    cluster.tick('c', 10 * ELECTION);
    expect(cluster.get('c').raft.role).toBe('follower');
  });

  it('4.2.2: a leader outside the configuration leads until that is committed, not counting itself', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.act('a', ({ raft }) => raft.proposeConfiguration(configurationOf(['b', 'c'])));
    cluster.deliver(from('a'));
    cluster.deliver(from('b'));
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', commitIndex: 1 });
    cluster.deliver(from('c'));
    expect(cluster.get('a').raft).toMatchObject({ role: 'follower', commitIndex: 2 });
    cluster.tick('a', 10 * ELECTION);
    expect(cluster.get('a').raft.role).toBe('follower');
  });

  it('4.2.3: while the leader is heard, campaigns of removed members are ignored', () => {
    const cluster = elected(['a', 'b', 'c']);
    send(cluster, 'c→b voteRequest term=7 last=9@6');
    send(cluster, 'c→a voteRequest term=7 last=9@6');
    expect(cluster.get('b').raft.term).toBe(1);
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', term: 1 });
    expect(cluster.take()).toEqual([]);
  });
});

describe('thesis 5: compaction', () => {
  it('a snapshot carries index, term and configuration, and the log goes on behind it', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('c');
    propose(cluster, 'a', 'x', 'y');
    cluster.settle();
    cluster.get('a').checkpoint();
    propose(cluster, 'a', 'z');
    cluster.heal();
    cluster.settle();
    cluster.tick('a', TICKS.heartbeatTicks);
    cluster.settle();
    expect(cluster.get('c').installing?.snapshot).toMatchObject({ index: 3, term: 1 });
    cluster.install('c');
    cluster.settle();
    expect(cluster.get('c').applied.map((entry) => entry.text)).toEqual(['', 'x', 'y', 'z']);
    expect(cluster.get('c').raft.configuration).toEqual(cluster.get('a').raft.configuration);
  });
});

describe('thesis 6: clients', () => {
  it('6.2: a leader that hears no quorum for an election timeout steps down', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('a');
    cluster.tick('a', 2 * ELECTION);
    expect(cluster.get('a').raft).toMatchObject({ role: 'follower', leader: undefined });
  });

  it('6.4: a read waits for the own-term no-op', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    cluster.tick('a', ELECTION);
    send(cluster, 'b→a voteResponse term=1 pre granted');
    send(cluster, 'b→a voteResponse term=1 granted');
    cluster.act('a', ({ raft }) => raft.readIndex(1));
    send(cluster, 'b→a heartbeatResponse term=1 round=1');
    expect(cluster.get('a').reads).toEqual([]);
    cluster.settle();
    expect(cluster.get('a').reads).toEqual([{ id: 1, index: 1 }]);
  });

  it('6.4: a deposed leader answers no read', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('a');
    cluster.elect('b');
    propose(cluster, 'b', 'x');
    cluster.settle();
    cluster.act('a', ({ raft }) => raft.readIndex(1));
    cluster.tick('a', 2 * ELECTION);
    expect(cluster.get('a')).toMatchObject({ reads: [], readsFailed: [1] });
  });

  it('6.4: a follower serves reads at an index that the leader has confirmed', () => {
    const cluster = elected(['a', 'b', 'c']);
    propose(cluster, 'a', 'x');
    cluster.settle();
    cluster.act('b', ({ raft }) => raft.readIndex(1));
    cluster.settle();
    expect(cluster.get('b').reads).toEqual([{ id: 1, index: 2 }]);
  });
});

describe('thesis 9.6: pre-vote', () => {
  it('a member that cannot win raises no term, however long it is cut off', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.isolate('c');
    cluster.tick('c', 100 * ELECTION);
    expect(cluster.get('c').raft.term).toBe(1);
    cluster.heal();
    cluster.tick('a', TICKS.heartbeatTicks);
    cluster.settle();
    expect(cluster.get('a').raft).toMatchObject({ role: 'leader', term: 1 });
    expect(cluster.get('c').raft.leader).toBe('a');
  });

  it('a pre-vote binds nobody', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    send(cluster, 'a→b voteRequest term=1 last=0@0 pre');
    send(cluster, 'c→b voteRequest term=1 last=0@0 pre');
    expect(answers(cluster, 'b')).toMatchObject([{ granted: true }, { granted: true }]);
    expect(cluster.get('b').disk.hardState).toMatchObject({ term: 0, votedFor: undefined });
  });
});

describe('thesis 10.2: performance', () => {
  it('10.2.1: appends leave before the leader has written them, and may commit without it', () => {
    const cluster = elected(['a', 'b', 'c']);
    cluster.get('a').isSlow = true;
    propose(cluster, 'a', 'x');
    cluster.settle();
    expect(cluster.get('b').applied.at(-1)?.text).toBe('x');
    expect(cluster.get('a').applied).toHaveLength(1);
    cluster.get('a').persist();
    expect(cluster.get('a').applied.at(-1)?.text).toBe('x');
  });

  it('10.2.2: proposals of one turn share an append, and appends do not wait for answers', () => {
    const cluster = elected(['a', 'b']);
    cluster.act('a', ({ raft }) => {
      raft.propose(batchOf(['x']), 0);
      raft.propose(batchOf(['y']), 0);
    });
    propose(cluster, 'a', 'z');
    const appends = cluster.take(from('a', 'append'));
    expect(appends).toMatchObject([
      { runs: [{ first: 2 }, { first: 3 }] },
      { runs: [{ first: 4 }] },
    ]);
  });
});
