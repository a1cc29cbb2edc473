/** One test for each claim of Ongaro's thesis beyond the basic algorithm, by section. */
import { describe, expect, it } from 'vitest';
import { Cluster, TICKS } from './support/cluster.js';
import { batchOf, configurationOf, idOf } from './support/entries.js';
import { answers, ELECTION, elected, from, logOf, propose, send } from './support/thesis.js';

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
