/**
 * A change as commands and webhooks are told of it: JSON, and environment variables. Fields may be added but
 * never renamed or removed. What others wrote (addresses, tags) reaches a shell only as data. Pure.
 */
import type { Instance } from '../../client/index.js';
import { HOOK_VARIABLE_BYTES_MAX } from '../../types/limits.js';
import { type InstanceRow, instanceRow } from '../rows.js';
import type { Change, Movement } from './changes.js';

export interface Notice {
  /** `changes`: several at once, of which the list is the outcome. */
  readonly type: Movement['type'] | 'changes';
  readonly time: string;
  readonly revision: number;
  readonly service: string;
  /** Present after a gap in which changes may have been missed. */
  readonly marked?: true;
  readonly instance?: InstanceRow;
  readonly reason?: string;
  /** After it, in the order of joining, whatever their state. */
  readonly instances: readonly InstanceRow[];
}

export function noticeOf(service: string, { event, instances }: Change): Notice {
  const { type, revision, marked } = event;
  return {
    type,
    time: new Date(event.time).toISOString(),
    revision,
    service,
    ...(marked ? { marked } : {}),
    ...(event.type === 'snapshot' ? {} : { instance: instanceRow(event.instance) }),
    ...(event.type === 'leave' ? { reason: event.reason } : {}),
    instances: instances.map(instanceRow),
  };
}

/** Of several changes only the outcome counts. */
export function mergedNotice(service: string, latest: Change): Notice {
  const { time, revision, instances } = noticeOf(service, latest);
  return { type: 'changes', time, revision, service, instances };
}

/** "join web/blue, rev 118". */
export function describeNotice({ type, service, instance, revision }: Notice): string {
  const who = instance === undefined ? service : `${service}/${instance.id}`;
  return `${type} ${who}, rev ${revision}`;
}

/** Lists that are too long for a variable are left out: standard input has them. */
export function noticeVariables(notice: Notice): Record<string, string | undefined> {
  return {
    ROLLCALL_EVENT: notice.type,
    ROLLCALL_SERVICE: notice.service,
    ROLLCALL_ID: notice.instance?.id ?? '',
    ROLLCALL_REASON: notice.reason ?? '',
    ROLLCALL_REVISION: String(notice.revision),
    ROLLCALL_INSTANCES: unlessTooLong(JSON.stringify(notice.instances)),
    ROLLCALL_URLS: unlessTooLong(urlsOf(notice.instances).join(' ')),
  };
}

function unlessTooLong(text: string): string | undefined {
  return Buffer.byteLength(text) > HOOK_VARIABLE_BYTES_MAX ? undefined : text;
}

/** Of those that are UP. One that a shell would split in two is none that a client could use either. */
export function urlsOf(instances: readonly Pick<Instance, 'url' | 'state'>[]): string[] {
  return instances
    .filter(({ state, url }) => state === 'UP' && !/[\s\p{Cc}]/u.test(url))
    .map(({ url }) => url);
}
