/** What an installed state does to the log behind it, and to the writes under way. */
import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../src/types/assert.js';
import { asIndex, asTerm } from '../../src/types/ids.js';
import type { SnapshotMeta } from '../../src/types/log.js';
import { Cluster } from './support/cluster.js';
import { configurationOf } from './support/entries.js';
import { forge } from './support/forge.js';
import { logOf, send } from './support/thesis.js';

function metaAt(index: number, term: number): SnapshotMeta {
  return {
    index: asIndex(index),
    term: asTerm(term),
    configuration: configurationOf(['a', 'b', 'c', 'd']),
  };
}

function withEntries(): Cluster {
  const cluster = new Cluster(['a', 'b', 'c']);
  send(cluster, 'a→b append term=2 prev=0@0 commit=0 1@1:u,v,w 4@2:x,y');
  cluster.take();
  return cluster;
}

describe('an installed state', () => {
  it('keeps the entries behind it when it fits, and has them written again', () => {
    const { raft } = withEntries().get('b');
    raft.snapshotInstalled(metaAt(2, 1));
    expect(raft).toMatchObject({ lastIndex: 5, trimmedIndex: 2, durableIndex: 2, commitIndex: 2 });
    const ready = raft.takeReady();
    expect(ready?.write).toMatchObject({ truncateFrom: 3, runs: [{ first: 3 }, { first: 4 }] });
    expect(ready?.sendAfterPersist).toMatchObject([{ type: 'appendResponse', index: 2 }]);
  });

  it('replaces a log of another history, and brings its own configuration', () => {
    const { raft } = withEntries().get('b');
    raft.snapshotInstalled(metaAt(4, 1));
    expect(raft).toMatchObject({ lastIndex: 4, trimmedIndex: 4, durableIndex: 4, commitIndex: 4 });
    expect(raft.configuration.voters.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(raft.takeReady()).toMatchObject({
      write: undefined,
      send: [{ type: 'appendResponse', to: 'a', accepted: true, index: 4 }],
    });
  });

  it('may be newer than what was ordered', () => {
    const cluster = withEntries();
    send(cluster, 'a→b installSnapshot term=2 snapshot=9@2');
    const { raft } = cluster.get('b');
    raft.snapshotInstalled(metaAt(12, 2));
    expect(raft.lastIndex).toBe(12);
    cluster.get('b').memory = [];
    send(cluster, 'a→b append term=2 prev=12@2 commit=12 13@2:z');
    expect(logOf(cluster, 'b')).toEqual(['z@2']);
  });

  it('never takes back what was applied', () => {
    const cluster = withEntries();
    send(cluster, 'a→b append term=2 prev=5@2 commit=5');
    const { raft } = cluster.get('b');
    expect(() => raft.snapshotInstalled(metaAt(4, 2))).toThrow(AssertionError);
  });

  it('while it is fetched, appends are ignored and the member does not campaign', () => {
    const cluster = withEntries();
    send(cluster, 'a→b installSnapshot term=2 snapshot=9@2');
    send(cluster, 'a→b append term=2 prev=5@2 commit=5 6@2:z');
    cluster.tick('b', 100);
    expect(cluster.get('b').raft).toMatchObject({ lastIndex: 5, role: 'follower' });
    expect(cluster.take()).toEqual([]);
  });

  it('does not count for a write that was under way before it', () => {
    const cluster = withEntries();
    const { raft } = cluster.get('b');
    raft.step(forge('a→b append term=2 prev=5@2 commit=0 6@2:z'.split(' ')));
    const { token } = raft.takeReady()!;
    raft.snapshotInstalled(metaAt(4, 1));
    raft.persisted(token);
    expect(raft).toMatchObject({ lastIndex: 4, durableIndex: 4 });
  });
});

describe('writes', () => {
  it('settle in order, or the member stops', () => {
    const cluster = withEntries();
    const member = cluster.get('b');
    member.isSlow = true;
    send(cluster, 'a→b append term=2 prev=5@2 commit=0 6@2:z');
    send(cluster, 'a→b append term=2 prev=6@2 commit=0 7@2:z');
    expect(member.writesUnderWay).toBe(2);
    expect(() => member.raft.persisted(99)).toThrow(AssertionError);
  });
});

describe('a checkpoint', () => {
  it('records the configuration at its index, not the latest', () => {
    const cluster = new Cluster(['a', 'b', 'c']);
    cluster.elect('a');
    const next = configurationOf(['a', 'b', 'c', '+d']);
    cluster.act('a', ({ raft }) => raft.proposeConfiguration(next));
    cluster.settle();
    const { raft } = cluster.get('a');
    expect(raft.snapshotAt(asIndex(1)).configuration.learners).toEqual([]);
    expect(raft.snapshotAt(asIndex(2))).toMatchObject({ index: 2, term: 1, configuration: next });
  });

  it('trims only what is applied', () => {
    const { raft } = withEntries().get('b');
    expect(() => raft.trim(asIndex(3))).toThrow(AssertionError);
  });
});
