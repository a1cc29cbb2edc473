/** The public surface as types: what a program may write, and what it may not. Checked by tsc. */
import { describe, expectTypeOf, test } from 'vitest';
import type * as surface from '../../src/client/index.js';
import {
  type Client,
  type ClientOptions,
  type ClientState,
  connect,
  type Discovery,
  type ErrorCode,
  type HeldLock,
  type Instance,
  type InstanceSet,
  isRollcallError,
  type Registration,
  type RollcallError,
  type RollEvent,
  type Session,
  type Tree,
  type TreeNode,
  type WatchEvent,
} from '../../src/client/index.js';

/** Never called: only its types are looked at. */
type Body = (client: Client, session: Session) => unknown;
const typed = (_body: Body): void => undefined;

describe('connect', () => {
  test('takes endpoints in several forms, or none, and answers a client', () => {
    expectTypeOf(connect).returns.toEqualTypeOf<Client>();
    expectTypeOf(connect).parameter(0).toEqualTypeOf<string | readonly string[] | undefined>();
    expectTypeOf(connect).parameter(1).toEqualTypeOf<ClientOptions | undefined>();
  });

  test('refuses options it does not know', () => {
    typed(() => {
      // @ts-expect-error: it is timeoutMs
      connect('a:1', { timeout: 5 });
      // @ts-expect-error: it is initialMs
      connect('a:1', { retry: { initial: 5 } });
      // @ts-expect-error: a zone is a name
      connect('a:1', { locality: { zone: 1 } });
    });
  });

  test('is all there is to be called, beside the errors', () => {
    expectTypeOf<keyof typeof surface>().toEqualTypeOf<
      'connect' | 'isRollcallError' | 'RollcallError'
    >();
  });
});

describe('a client', () => {
  test('is a tree, is disposed of, and has states', () => {
    expectTypeOf<Client>().toExtend<Tree & AsyncDisposable>();
    expectTypeOf<Client['state']>().toEqualTypeOf<ClientState>();
    expectTypeOf<ReturnType<Client['states']>>().toEqualTypeOf<AsyncIterable<ClientState>>();
  });

  test('takes options that it knows, call by call', () => {
    typed((client, session) => {
      void client.get('/', { consistency: 'session', timeoutMs: 5, signal: undefined });
      // @ts-expect-error: no such consistency
      void client.get('/', { consistency: 'stale' });
      // @ts-expect-error: no such kind
      void client.create('/', '', { kind: 'temporary' });
      // @ts-expect-error: no such option
      void client.delete('/', { force: true });
      // @ts-expect-error: no such balancer
      client.discover('s', { balancer: 'best' });
      // @ts-expect-error: no such option
      void client.admin.drain('s', 'i', { for: '1h' });
      // @ts-expect-error: a port is the least
      void client.register('s', { address: 'a' });
      // @ts-expect-error: a session has no services
      void session.services();
    });
  });

  test('answers a node that may not be there', () => {
    expectTypeOf<Client['get']>().returns.resolves.toEqualTypeOf<TreeNode | undefined>();
  });
});

describe('what is answered', () => {
  test('is read only, through and through', () => {
    typed((client) => {
      const found = {} as InstanceSet;
      // @ts-expect-error: read only
      found.revision = 1;
      // @ts-expect-error: read only
      found.instances.push({} as Instance);
      const instance = {} as Instance;
      // @ts-expect-error: read only
      instance.weight = 1;
      // @ts-expect-error: read only
      instance.tags.role = 'db';
      const node = {} as TreeNode;
      // @ts-expect-error: read only
      node.stat.version = 1;
      // @ts-expect-error: read only
      client.state = 'READY';
      // @ts-expect-error: read only
      client.describe().watches.pop();
    });
  });

  test('is what each object says of itself', () => {
    expectTypeOf<Registration['signal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<Session['signal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<HeldLock['fencingToken']>().toEqualTypeOf<number>();
    expectTypeOf<Discovery['pick']>().returns.toEqualTypeOf<Instance>();
    expectTypeOf<Discovery>().toExtend<AsyncIterable<InstanceSet>>();
  });
});

describe('events', () => {
  test('of a watch narrow by their type', () => {
    const show = (event: WatchEvent): void => {
      switch (event.type) {
        case 'snapshot':
          expectTypeOf(event.nodes).toEqualTypeOf<readonly TreeNode[]>();
          return;
        case 'change':
          expectTypeOf(event.changes[0]!.node).toEqualTypeOf<TreeNode>();
          return;
        case 'stale':
          expectTypeOf(event.ageMs).toEqualTypeOf<number>();
          // @ts-expect-error: nothing is known to be shown up to any revision
          void event.revision;
          return;
        case 'live':
          expectTypeOf(event.revision).toEqualTypeOf<number>();
          return;
        default:
          expectTypeOf(event).toBeNever();
      }
    };
    expectTypeOf(show).toBeFunction();
  });

  test('of a roll narrow by their type, and all have time and revision', () => {
    const show = (event: RollEvent): void => {
      expectTypeOf(event.time).toEqualTypeOf<number>();
      expectTypeOf(event.revision).toEqualTypeOf<number>();
      if (event.type === 'leave') expectTypeOf(event.reason).toExtend<string>();
      // @ts-expect-error: only leaves have a reason
      if (event.type === 'join') void event.reason;
    };
    expectTypeOf(show).toBeFunction();
  });
});

describe('errors', () => {
  test('are recognised, and narrowed by their code', () => {
    const look = (error: unknown): void => {
      if (isRollcallError(error, 'NO_NODE')) {
        expectTypeOf(error.code).toEqualTypeOf<'NO_NODE'>();
      } else if (isRollcallError(error)) {
        expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
        expectTypeOf(error.outcome).toEqualTypeOf<'not-applied' | 'unknown'>();
        expectTypeOf(error.position).toEqualTypeOf<number | undefined>();
      }
      // @ts-expect-error: no such code
      isRollcallError(error, 'NO_NODES');
    };
    expectTypeOf(look).toBeFunction();
    expectTypeOf<RollcallError>().toExtend<Error>();
  });
});
