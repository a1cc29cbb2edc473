/** The tree against its slow obvious twin, over random histories, with every invariant checked on the way. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Driver } from './driver.js';
import { anyScript } from './scripts.js';
import { Twin } from './twin.js';

const everything = { limit: 1e6, bytesMax: 1e9 };

it('answers and holds what the twin does', () => {
  fc.assert(
    fc.property(anyScript, (script) => {
      const driver = new Driver();
      const twin = new Twin();
      for (const { body, asking } of script) {
        const { session = 0, epoch = 0, seq = 0, ackedSeq = 0 } = asking;
        const expected = twin.apply({ session: session as never, epoch, seq, ackedSeq }, body);
        expect([body.kind, driver.answer(body, asking)]).toEqual([body.kind, expected]);
      }
      expect(nodesOf(driver)).toEqual(nodesOfTwin(twin));
      expect(sessionsOf(driver)).toEqual(sessionsOfTwin(twin));
    }),
    { numRuns: 300 },
  );
});

function nodesOf(driver: Driver) {
  const { nodes } = driver.tree.subtree('/', everything);
  return nodes
    .map(({ path, data, stat }) => ({
      path,
      data: String(data),
      owner: stat.owner as number,
      kind: stat.kind as string,
      createRevision: stat.createRevision as number,
      modifyRevision: stat.modifyRevision as number,
      childrenRevision: stat.childrenRevision as number,
      version: stat.version,
      createCount: stat.createCount,
      ordinal: stat.ordinal,
      sequence: stat.sequence,
      incarnation: stat.incarnation as number,
      childCount: stat.childCount,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function nodesOfTwin(twin: Twin) {
  return [...twin.nodes]
    .map(([path, { address: _, ...node }]) => ({
      path,
      ...node,
      childCount: twin.childrenOf(path).length,
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function sessionsOf(driver: Driver) {
  return [...driver.tree.sessions()]
    .map(({ id, epoch, detached, lastSeq, lastRevision, ephemeralCount }) => ({
      id: id as number,
      epoch,
      detached,
      lastSeq,
      lastRevision: lastRevision as number,
      ephemeralCount,
    }))
    .sort((a, b) => a.id - b.id);
}

function sessionsOfTwin(twin: Twin) {
  return [...twin.sessions]
    .map(([id, { epoch, detached, lastSeq, lastRevision }]) => ({
      id,
      epoch,
      detached,
      lastSeq,
      lastRevision,
      ephemeralCount: [...twin.nodes.values()].filter((node) => node.owner === id).length,
    }))
    .sort((a, b) => a.id - b.id);
}
