/** Shorthands of the tests that follow the thesis. */
import type { RaftMessage } from '../../../src/types/message.js';
import { Cluster, TICKS } from './cluster.js';
import { batchOf, entriesOf } from './entries.js';
import { forge } from './forge.js';

export const ELECTION = TICKS.electionTicksMin;

export function send(cluster: Cluster, text: string): void {
  cluster.step(forge(text.split(' ')));
}

export function propose(cluster: Cluster, name: string, ...texts: string[]): void {
  cluster.act(name, ({ raft }) => raft.propose(batchOf(texts), 0));
}

export function logOf(cluster: Cluster, name: string): string[] {
  return entriesOf(cluster.get(name).memory).map((entry) => `${entry.text}@${entry.term}`);
}

export function from(name: string, type?: RaftMessage['type']) {
  return (message: RaftMessage) =>
    message.from === name && (type === undefined || message.type === type);
}

export function answers(cluster: Cluster, name: string): RaftMessage[] {
  return cluster.take(from(name));
}

export function elected(names: string[], leader = names[0]!): Cluster {
  const cluster = new Cluster(names);
  cluster.elect(leader);
  return cluster;
}
