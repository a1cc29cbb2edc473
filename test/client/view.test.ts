/** A service as one subscriber sees it: joins, changes, leaves and their reasons. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rollEvents } from '../../src/client/discovery/roll.js';
import { passes, type RollChange, RollView } from '../../src/client/discovery/view.js';
import type { TreeChange } from '../../src/client/types.js';
import { encodeInstance } from '../../src/codec/instance.js';
import { statFrom } from '../../src/rpc/convert.js';
import type { Cause, EventType } from '../../src/types/event.js';
import { asRevision } from '../../src/types/ids.js';
import type { Instance, InstanceSpec } from '../../src/types/instance.js';
import type { TreeNode } from '../../src/types/node.js';

interface Made {
  readonly created?: number;
  readonly ordinal?: number;
  readonly modified?: number;
  readonly spec?: Partial<InstanceSpec>;
}

function node(
  id: string,
  { created = 1, ordinal = 0, modified = created, spec }: Made = {},
): TreeNode {
  const whole: InstanceSpec = {
    ...{ service: 's', id, address: '127.0.0.1', port: 80, ports: {}, protocol: 'http' },
    ...{ basePath: '', weight: 100, zone: '', tags: {}, state: 'UP', registeredAt: 0 },
    ...spec,
  };
  const [createRevision, modifyRevision] = [asRevision(created), asRevision(modified)];
  const stat = { ...statFrom(undefined), createRevision, modifyRevision, ordinal };
  return { path: `/services/s/${id}`, data: encodeInstance(whole), stat };
}

function change(type: EventType, changed: TreeNode, cause: Cause = 'client'): TreeChange {
  return { type, path: changed.path, node: changed, cause };
}

function ids(view: RollView): string[] {
  return view.instances.map(({ id }) => id);
}

function told(changes: readonly RollChange[]): string[] {
  return changes.map((each) => {
    const reason = each.type === 'leave' ? ` ${each.reason}` : '';
    return `${each.revision} ${each.type} ${each.instance.id}${reason}`;
  });
}

describe('a view', () => {
  test('is in the order of joining: by creation, and within a revision by ordinal', () => {
    const view = new RollView();
    view.replace(
      [node('c', { created: 9 }), node('b', { created: 3, ordinal: 1 }), node('a', { created: 3 })],
      9,
    );
    expect(ids(view)).toEqual(['a', 'b', 'c']);
  });

  test('stays in that order, whoever joins late, comes back, or begins to pass the filter', () => {
    const view = new RollView({ zone: 'z' });
    const inZone = { spec: { zone: 'z' } };
    view.replace([node('a'), node('c', { created: 5, ...inZone })], 5);
    const steps: [TreeChange, string[]][] = [
      [change('created', node('d', { created: 6, ...inZone })), ['c', 'd']],
      [change('changed', node('a', { modified: 7, ...inZone })), ['a', 'c', 'd']],
      [change('changed', node('c', { created: 5, modified: 8, ...inZone })), ['a', 'c', 'd']],
      [change('deleted', node('c', { created: 5, ...inZone })), ['a', 'd']],
      [change('created', node('c', { created: 10, ...inZone })), ['a', 'd', 'c']],
      [change('created', node('a', { created: 11, ...inZone })), ['d', 'c', 'a']],
    ];
    for (const [i, [step, expected]] of steps.entries()) {
      view.apply([step], i + 6);
      expect(ids(view)).toEqual(expected);
    }
  });

  test('tells joins, changes and leaves', () => {
    const view = new RollView();
    view.replace([], 1);
    expect(told(view.apply([change('created', node('a', { created: 2 }))], 2))).toEqual([
      '2 join a',
    ]);
    const drained = node('a', { created: 2, modified: 3, spec: { state: 'DRAINING' } });
    expect(told(view.apply([change('changed', drained)], 3))).toEqual(['3 change a']);
    expect(told(view.apply([change('deleted', drained, 'expiry')], 4))).toEqual([
      '4 leave a expired',
    ]);
    expect(ids(view)).toEqual([]);
    expect(view.revision).toBe(4);
  });

  test.each([
    ['close', 'closed'],
    ['grace', 'disconnected'],
    ['expiry', 'expired'],
    ['client', 'deregistered'],
    ['operator', 'deregistered'],
    ['revoke', 'revoked'],
    ['restore', 'restored'],
  ] as const)('a node that went by %s has left because it %s', (cause, reason) => {
    const view = new RollView();
    view.replace([node('a')], 1);
    expect(view.apply([change('deleted', node('a'), cause)], 2)[0]).toMatchObject({ reason });
  });

  test('never alters a list that it handed out', () => {
    const view = new RollView();
    view.replace([node('a')], 1);
    const before = view.instances;
    view.apply([change('created', node('b', { created: 2 }))], 2);
    expect(before.map(({ id }) => id)).toEqual(['a']);
    expect(view.instances).not.toBe(before);
    expect(view.instances).toBe(view.instances);
  });

  test('passes over what holds no instance', () => {
    const view = new RollView();
    const empty = { ...node('a'), data: Buffer.from('nonsense') };
    expect(view.replace([empty, node('b')], 1).length).toBe(1);
    expect(
      told(view.apply([change('changed', { ...node('b'), data: Buffer.alloc(0) })], 2)),
    ).toEqual(['2 leave b filtered']);
  });
});

describe('a filter', () => {
  const up = { states: ['UP'] } as const;

  test('lets an instance join when it begins to pass and leave when it ceases to', () => {
    const view = new RollView(up);
    view.replace([node('a', { spec: { state: 'STARTING' } })], 1);
    expect(ids(view)).toEqual([]);
    const ready = node('a', { modified: 2 });
    expect(told(view.apply([change('changed', ready)], 2))).toEqual(['2 join a']);
    const down = node('a', { modified: 3, spec: { state: 'DOWN' } });
    expect(told(view.apply([change('changed', down)], 3))).toEqual(['3 leave a filtered']);
    expect(view.apply([change('deleted', down)], 4)).toEqual([]);
  });

  test.each([
    [{}, true],
    [{ states: [] }, true],
    [{ zone: 'z1' }, true],
    [{ zone: 'z2' }, false],
    [{ tags: { role: 'db' } }, true],
    [{ tags: { role: 'db', more: 'x' } }, false],
    [{ tags: { role: 'db' }, zone: 'z1', states: ['UP', 'DRAINING'] }, true],
    [{ states: ['DOWN'] }, false],
  ] as const)('%j decides %j', (filter, expected) => {
    const view = new RollView();
    view.replace([node('a', { spec: { zone: 'z1', tags: { role: 'db' } } })], 1);
    expect(passes(view.instances[0]!, filter)).toBe(expected);
  });
});

describe('after a gap', () => {
  test('the differences come in the order of revisions, the reason of a leave unknown', () => {
    const view = new RollView();
    view.replace([node('gone'), node('back'), node('same'), node('new state')], 5);
    const changes = view.replace(
      [
        node('same'),
        node('back', { created: 8 }),
        node('new state', { modified: 7, spec: { state: 'DOWN' } }),
        node('came', { created: 6 }),
      ],
      10,
    );
    expect(told(changes)).toEqual([
      '6 join came',
      '7 change new state',
      '8 leave back unknown',
      '8 join back',
      '10 leave gone unknown',
    ]);
  });

  test('are told marked, and then the whole list, marked', () => {
    const view = new RollView();
    const first = { type: 'snapshot', revision: 1, nodes: [node('a')], marked: false } as const;
    expect(rollEvents(view, first, 0).map(({ type }) => type)).toEqual(['snapshot']);
    const again = {
      type: 'snapshot',
      revision: 9,
      nodes: [node('b', { created: 9 })],
      marked: true,
    } as const;
    const events = rollEvents(view, again, 0);
    expect(events.map(({ type }) => type)).toEqual(['leave', 'join', 'snapshot']);
    expect(events.every((event) => 'marked' in event && event.marked)).toBe(true);
  });
});

test('what is told turns the list before into the list after', () => {
  const id = fc.constantFrom('a', 'b', 'c', 'd');
  const nodes = fc.uniqueArray(fc.record({ id, created: fc.integer({ min: 1, max: 5 }) }), {
    selector: (each) => each.id,
  });
  fc.assert(
    fc.property(fc.array(nodes, { minLength: 2, maxLength: 6 }), (lists) => {
      const view = new RollView();
      let known: Instance[] = [];
      lists.forEach((list, i) => {
        const revision = 10 + i;
        const changes = view.replace(
          list.map((each) => node(each.id, each)),
          revision,
        );
        for (const each of changes) {
          known = known.filter((instance) => instance.id !== each.instance.id);
          if (each.type !== 'leave') known.push(each.instance);
        }
        expect(new Set(known)).toEqual(new Set(view.instances));
      });
    }),
  );
});
