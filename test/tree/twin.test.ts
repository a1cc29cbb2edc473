/** The tree against its slow obvious twin, over random histories, with every invariant checked on the way. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CommandBody } from '../../src/types/command.js';
import { asRevision } from '../../src/types/ids.js';
import { Driver } from './driver.js';
import { anyScript } from './scripts.js';
import { Twin } from './twin.js';

const everything = { limit: 1e6, bytesMax: 1e9 };

it('answers and holds what the twin does', () => {
  fc.assert(
    fc.property(anyScript, (script) => {
      const driver = new Driver();
      const twin = new Twin();
      for (const { body: written, asking } of script) {
        const body = fitting(written, driver);
        const { session = 0, epoch = 0, seq = 0, ackedSeq = 0, identities = [] } = asking;
        const envelope = { session: session as never, epoch, seq, ackedSeq, identities };
        const expected = twin.apply(envelope, body);
        expect([body.kind, driver.answer(body, asking)]).toEqual([body.kind, expected]);
      }
      expect(recordsOf(driver)).toEqual(recordsOfTwin(twin));
      expect(nodesOf(driver)).toEqual(nodesOfTwin(twin));
      expect(sessionsOf(driver)).toEqual(sessionsOfTwin(twin));
    }),
    { numRuns: 300 },
  );
});

/** Reaps as the leader proposes them, most of the time: of what stands there. */
function fitting(body: CommandBody, driver: Driver): CommandBody {
  const stat = body.kind === 'reap' ? driver.tree.get(body.path)?.stat : undefined;
  if (body.kind !== 'reap' || stat === undefined || body.createCount === 2) return body;
  const { createRevision, modifyRevision, createCount } = stat;
  return { ...body, createRevision, modifyRevision, createCount };
}

function recordsOf({ tree }: Driver) {
  const left = ['s', 't'].flatMap((service) => tree.departures(service));
  const audit = tree.audit({ before: asRevision(0), limit: 1000 }).entries.reverse();
  const overrides = tree.overridesPage({ service: '', after: '', limit: 1000 }).overrides;
  return {
    departures: left.map(({ service, id, reason, who, address, port, session, revision }) => {
      const place = address === '' ? '' : `${address}:${port}`;
      return { service, id, reason, who, address: place, session, revision };
    }),
    audit: audit.map(({ revision, action, subject }) => [revision, action, subject]),
    overrides: overrides.map(({ id, override }) => [id, override.action, override.revision]),
    quotas: tree.quotas().map(({ path, limits }) => [path, limits]),
  };
}

function recordsOfTwin({ departures, audit, overrides, quotas }: Twin) {
  return {
    departures: ['s', 't'].flatMap((name) => departures.filter(({ service }) => service === name)),
    audit,
    overrides: [...overrides]
      .sort()
      .map(([key, { action, revision }]) => [key.slice('t/'.length), action, revision]),
    quotas: [...quotas].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

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
      aclVersion: stat.aclVersion,
      acl: driver.tree.aclOf(path)!.acl,
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
