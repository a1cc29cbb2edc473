/** Access lists at reads: what may not be read is refused when asked for by name, and left out of lists. */
import { describe, expect, it } from 'vitest';
import type { Query } from '../../src/server/service.js';
import { create, register } from '../tree/driver.js';
import { ANN, ask, begin, everything, join, onlyAnn, setAcl } from './closed-nodes.js';

describe('a read', () => {
  const page = { after: '', limit: 0, withData: true } as const;
  const place = { service: 'web', after: undefined, limit: 0 } as const;
  const refused: readonly Query[] = [
    { type: 'get', path: '/a/closed' },
    { type: 'acl', path: '/a/closed' },
    { type: 'list', path: '/a/closed', ...page },
    { type: 'subtree', path: '/a/closed', ...page },
    { type: 'instances', ...place },
    { type: 'service', service: 'web' },
    { type: 'departures', service: 'web', id: '' },
    { type: 'departures', service: 'web', id: 'x' },
    { type: 'overrides', service: 'web', after: '', limit: 0 },
  ];

  it.each(refused)('of what may not be read is denied: $type', (query) => {
    const { solo, admin } = begin();
    admin.write(register('web', 'x', { isStatic: true }));
    admin.write(setAcl('/services/web', onlyAnn));
    admin.write(setAcl('/services/web/x', onlyAnn));
    solo.turn();
    const stranger = join(solo, []);
    expect(ask(solo, stranger, query)).toMatchObject({ answer: { type: 'denied' } });
    expect(everything(stranger)).not.toContain('secret');
    expect(ask(solo, join(solo, ANN), query)).not.toMatchObject({ answer: { type: 'denied' } });
  });

  it.each(['list', 'subtree'] as const)('of many hides the data of those closed: %s', (type) => {
    const { solo } = begin();
    const stranger = join(solo, []);
    ask(solo, stranger, { type, path: '/a', ...page });
    expect(everything(stranger)).toContain('plain');
    expect(everything(stranger)).not.toContain('secret');
    const ann = join(solo, ANN);
    ask(solo, ann, { type, path: '/a', ...page });
    expect(everything(ann)).toContain('secret');
  });

  it('tells nothing of an instance that is gone to whoever may not read its service', () => {
    const { solo, admin } = begin();
    admin.write(register('web', 'x', { isStatic: true }));
    admin.write(register('web', 'gone', { isStatic: true }));
    const override = { kind: 'setOverride', service: 'web', id: 'gone', until: 0 } as const;
    admin.write({ ...override, action: 'deregister', who: 'ann', reason: 'a secret' });
    admin.write(setAcl('/services/web', onlyAnn));
    solo.turn();
    const stranger = join(solo, []);
    ask(solo, stranger, { type: 'departures', service: 'web', id: 'gone' });
    ask(solo, stranger, { type: 'departures', service: 'web', id: 'x' });
    ask(solo, stranger, { type: 'overrides', service: '', after: '', limit: 0 });
    expect(everything(stranger)).not.toContain('secret');
    const ann = join(solo, ANN);
    for (const query of [
      { type: 'departures', service: 'web', id: 'gone' },
      { type: 'overrides', service: '', after: '', limit: 0 },
    ] as const) {
      ask(solo, ann, query);
      expect(everything(ann)).toContain('secret');
    }
  });

  it('of a session names no node in a place that may not be listed', () => {
    const { solo, admin } = begin();
    const owner = solo.connectSession(1);
    admin.write(create('/a/shut'));
    solo.turn();
    owner.write(create('/a/shut/hidden', { nodeKind: 'ephemeral' }), 1);
    solo.turn();
    admin.write(setAcl('/a/shut', onlyAnn));
    solo.turn();
    const { session } = owner;
    const query = { type: 'session', session, after: '', limit: 0 } as const;
    expect(ask(solo, join(solo, []), query)).toMatchObject({ answer: { paths: [] } });
    const all = { answer: { paths: ['/a/shut/hidden'] } };
    expect(ask(solo, join(solo, ANN), query)).toMatchObject(all);
  });

  it('of a session names only the nodes that may be read', () => {
    const { solo } = begin();
    const owner = solo.connectSession(1);
    owner.write(create('/a/mine', { nodeKind: 'ephemeral' }), 1);
    owner.write(create('/a/hidden', { nodeKind: 'ephemeral', acl: onlyAnn }), 2);
    solo.turn();
    const { session } = owner;
    const query = { type: 'session', session, after: '', limit: 0 } as const;
    expect(ask(solo, join(solo, []), query)).toMatchObject({ answer: { paths: ['/a/mine'] } });
    const all = { answer: { paths: ['/a/hidden', '/a/mine'] } };
    expect(ask(solo, join(solo, ANN), query)).toMatchObject(all);
  });
});
