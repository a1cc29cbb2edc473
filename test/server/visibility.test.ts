/**
 * Access lists at delivery (contract W11): whoever may not read a node is told neither its data nor that it
 * changed, also when the list changes while a watch is open (as ZooKeeper's CVE-2024-23944 did not).
 */
import { describe, expect, it } from 'vitest';
import type { WatchScope } from '../../src/server/service.js';
import { ATTACHMENT_UNSENT_BYTES_MAX } from '../../src/types/limits.js';
import { create, remove, set } from '../tree/driver.js';
import { ANN, begin, everything, join, onlyAnn, SECRET, setAcl } from './closed-nodes.js';
import { rev, type TestClient } from './support.js';

function watch(
  client: TestClient,
  path: string,
  scope: WatchScope,
  start: 'now' | 'snapshot' | number = 'now',
): void {
  const from = typeof start === 'number' ? rev(start) : start;
  const request = { type: 'watch', id: 900, timeoutMs: 0, watch: 1 } as const;
  client.submit({ ...request, path, scope, start: from });
}

describe('a watch', () => {
  const scopes = ['node', 'children', 'subtree'] as const;

  it.each(scopes)('of a node that may not be read is refused (%s)', (scope) => {
    const { solo } = begin();
    const stranger = join(solo, []);
    watch(stranger, '/a/closed', scope, 'snapshot');
    solo.turn();
    expect(stranger.take()).toEqual(['900 DENIED']);
  });

  it.each(scopes)('tells nothing of what may not be read, live (%s)', (scope) => {
    const { solo, admin } = begin();
    const [stranger, ann] = [join(solo, []), join(solo, ANN)];
    for (const client of [stranger, ann]) watch(client, '/a', scope, 'snapshot');
    solo.turn();
    admin.write(set('/a/closed', 'more secret'));
    admin.write(set('/a/open', 'x'));
    admin.write(remove('/a/closed'));
    solo.turn();
    expect(everything(stranger)).not.toContain('closed');
    expect(everything(stranger)).not.toContain('secret');
    if (scope === 'node') return;
    expect(everything(ann)).toContain('more secret');
    expect(stranger.take()).toContain('changed /a/open');
    expect(ann.take()).toContain('deleted /a/closed');
  });

  it('that catches up from the history is told nothing of it either', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    admin.write(set('/a/closed', 'more secret'));
    admin.write(set('/a/open', 'x'));
    admin.write(remove('/a/closed'));
    solo.turn();
    const [stranger, ann] = [join(solo, []), join(solo, ANN)];
    for (const client of [stranger, ann]) watch(client, '/a', 'subtree', start);
    solo.pass(30);
    expect(everything(stranger)).not.toContain('closed');
    expect(stranger.take()).toContain('changed /a/open');
    expect(ann.take()).toContain('deleted /a/closed');
  });

  it('that was full meanwhile is told nothing of it either', () => {
    const { solo, admin } = begin();
    const stranger = join(solo, []);
    watch(stranger, '/a', 'children');
    solo.turn();
    stranger.unsent = ATTACHMENT_UNSENT_BYTES_MAX + 1;
    for (let i = 0; i < 5; i++) {
      admin.write(set('/a/open', `${i}`));
      admin.write(set('/a/closed', `secret ${i}`));
      solo.turn();
    }
    stranger.unsent = 0;
    stranger.attachment.drained();
    solo.pass(30);
    expect(everything(stranger)).not.toContain('closed');
    expect(stranger.take().filter((text) => text === 'changed /a/open')).toHaveLength(5);
  });

  it('follows a list that changes while it is open', () => {
    const { solo, admin } = begin();
    const stranger = join(solo, []);
    watch(stranger, '/a', 'children');
    solo.turn();
    admin.write(setAcl('/a/open', onlyAnn));
    admin.write(set('/a/open', 'now secret'));
    solo.turn();
    expect(everything(stranger)).not.toContain('secret');
    admin.write(setAcl('/a/open', []));
    admin.write(set('/a/open', 'plain again'));
    solo.turn();
    expect(everything(stranger)).toContain('plain again');
  });

  it('of a place whose list is closed meanwhile learns no more names there', () => {
    const { solo, admin } = begin();
    const [children, subtree] = [join(solo, []), join(solo, [])];
    watch(children, '/a', 'children');
    watch(subtree, '/a', 'subtree');
    solo.turn();
    admin.write(setAcl('/a', onlyAnn));
    admin.write(create('/a/later'));
    solo.turn();
    expect(everything(children) + everything(subtree)).not.toContain('later');
  });

  it('of a subtree learns no names below a place that it may not list', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    const [live, ann] = [join(solo, []), join(solo, ANN)];
    for (const client of [live, ann]) watch(client, '/a', 'subtree', 'snapshot');
    solo.turn();
    admin.write(create('/a/closed/below'));
    admin.write(create('/a/closed/below/deep'));
    admin.write(create('/a/open/below'));
    solo.turn();
    const [late, shown] = [join(solo, []), join(solo, [])];
    watch(late, '/a', 'subtree', start);
    watch(shown, '/a', 'subtree', 'snapshot');
    solo.pass(30);
    for (const client of [live, late, shown]) {
      expect(everything(client)).toContain('/a/open/below');
      expect(everything(client)).not.toContain('closed');
    }
    expect(everything(ann)).toContain('/a/closed/below/deep');
  });

  it.each(['deleteTree', 'one by one'])('nor when all of it goes (%s)', (way) => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    const [live, late] = [join(solo, []), join(solo, [])];
    watch(live, '/a', 'subtree');
    solo.turn();
    admin.write(create('/a/closed/below'));
    admin.write(create('/a/open/below'));
    if (way === 'deleteTree') admin.write({ kind: 'deleteTree', path: '/a' });
    else
      for (const path of ['/a/closed/below', '/a/closed', '/a/open/below', '/a/open', '/a'])
        admin.write(remove(path));
    solo.turn();
    watch(late, '/a', 'subtree', start);
    solo.pass(30);
    for (const client of [live, late]) {
      expect(everything(client)).toContain('/a/open/below');
      expect(everything(client)).not.toContain('closed');
    }
  });

  it('is told that an open node went, whatever list an earlier one of its name had', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    const [live, late] = [join(solo, []), join(solo, [])];
    watch(live, '/a', 'children');
    solo.turn();
    for (const body of [remove('/a/closed'), create('/a/closed'), remove('/a/closed')])
      admin.write(body);
    solo.turn();
    watch(late, '/a', 'children', start);
    solo.pass(30);
    for (const client of [live, late]) {
      const told = client.take().filter((text) => text.includes('/a/closed'));
      expect(told).toEqual(['created /a/closed', 'deleted /a/closed']);
    }
  });

  it('that catches up is told that what it saw went, whatever came and went there since', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    admin.write(remove('/a/open'));
    admin.write(create('/a/open', { acl: onlyAnn }));
    admin.write(remove('/a/open'));
    solo.turn();
    const late = join(solo, []);
    watch(late, '/a', 'children', start);
    solo.pass(30);
    expect(late.take().filter((text) => text.includes('/a/open'))).toEqual(['deleted /a/open']);
  });

  it('is told that what it saw went, when a closed node of its name comes at once', () => {
    const { solo, admin } = begin();
    admin.write(create('/a/open/below'));
    solo.turn();
    const start = solo.core.tree.revision;
    const [live, late] = [join(solo, []), join(solo, [])];
    watch(live, '/a', 'subtree');
    solo.turn();
    const gone = ['/a/open/below', '/a/open'].map((path) => remove(path));
    const again = [create('/a/open', { acl: onlyAnn }), create('/a/open/below', { data: SECRET })];
    admin.write({ kind: 'transact', guards: [], operations: [...gone, ...again] });
    solo.turn();
    watch(late, '/a', 'subtree', start);
    solo.pass(30);
    for (const client of [live, late]) {
      expect(everything(client)).not.toContain('secret');
      const told = client.take().filter((text) => text.includes('/a/open'));
      expect(told).toEqual(['deleted /a/open/below, deleted /a/open']);
    }
  });

  it('that catches up is not told what a node held before it was closed: it may hold it still', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    admin.write(set('/a/open', 'not for all'));
    admin.write(setAcl('/a/open', onlyAnn));
    solo.turn();
    const stranger = join(solo, []);
    watch(stranger, '/a', 'children', start);
    solo.pass(30);
    expect(everything(stranger)).not.toContain('not for all');
  });

  it('is not told what another was told before the list was closed', () => {
    const { solo, admin } = begin();
    const start = solo.core.tree.revision;
    const operations = [set('/a/open', 'not for all'), set('/a/closed', 'x')];
    admin.write({ kind: 'transact', guards: [], operations });
    solo.turn();
    const [early, late] = [join(solo, []), join(solo, [])];
    watch(early, '/a', 'children', start);
    solo.pass(30);
    expect(everything(early)).toContain('not for all');
    admin.write(setAcl('/a/open', onlyAnn));
    solo.turn();
    watch(late, '/a', 'children', start);
    solo.pass(30);
    expect(everything(late)).not.toContain('not for all');
  });

  it('shows no row of a large snapshot that may not be read', () => {
    const { solo, admin } = begin();
    for (let i = 0; i < 2_500; i++)
      admin.write(create(`/a/${i}`, i % 2 === 0 ? { acl: onlyAnn } : {}));
    solo.turn();
    const stranger = join(solo, []);
    watch(stranger, '/a', 'children', 'snapshot');
    solo.pass(60);
    const shown = stranger.deliveries.flatMap((one) => (one.type === 'snapshot' ? one.nodes : []));
    expect(shown).toHaveLength(1_251);
    expect(stranger.deliveries.at(-1)).toBeDefined();
    const last = stranger.deliveries.findLast(({ type }) => type === 'snapshot');
    expect(last).toMatchObject({ complete: true });
  });
});

describe('a batch', () => {
  const batchOf = (client: TestClient) => {
    const events = client.deliveries.find((one) => one.type === 'events');
    return events?.type === 'events' ? events.batch : undefined;
  };

  it('without access lists is one object for everyone, whoever they are', () => {
    const { solo, admin } = begin();
    const clients = [join(solo, []), join(solo, ANN), join(solo, ['user:bob'])];
    for (const client of clients) watch(client, '/a', 'children');
    solo.turn();
    admin.write(set('/a/open', 'x'));
    solo.turn();
    expect(new Set(clients.map(batchOf)).size).toBe(1);
  });

  it('is not shared by those whose identities only look the same, written in a row', () => {
    const { solo, admin } = begin();
    const both = ['user:bob', ...ANN];
    const clients = [join(solo, both), join(solo, [both.join('\n')])];
    for (const client of clients) watch(client, '/a', 'children');
    solo.turn();
    admin.write(set('/a/closed', 'x'));
    solo.turn();
    expect(clients.map((client) => client.take().slice(1))).toEqual([['changed /a/closed'], []]);
  });

  it('with some is one object for all with the same identities', () => {
    const { solo, admin } = begin();
    const anns = [join(solo, ANN), join(solo, ANN)];
    const strangers = [join(solo, []), join(solo, [])];
    for (const client of [...anns, ...strangers]) watch(client, '/a', 'children');
    solo.turn();
    const operations = [set('/a/open', 'x'), set('/a/closed', 'y')];
    admin.write({ kind: 'transact', guards: [], operations });
    solo.turn();
    expect(batchOf(anns[0]!)?.events).toHaveLength(2);
    expect(batchOf(anns[1]!)).toBe(batchOf(anns[0]!));
    expect(batchOf(strangers[0]!)?.events).toHaveLength(1);
    expect(batchOf(strangers[1]!)).toBe(batchOf(strangers[0]!));
  });
});
