/** Goal: commands are told of a change completely, and what registrars wrote stays data. */
import { expect, it } from 'vitest';
import {
  describeNotice,
  mergedNotice,
  noticeOf,
  noticeVariables,
  urlsOf,
} from '../../../src/cli/watch/notice.js';
import { asRevision } from '../../../src/types/ids.js';
import { HOOK_VARIABLE_BYTES_MAX } from '../../../src/types/limits.js';
import { instance } from '../instances.js';

const BLUE = instance({ id: 'blue', url: 'http://10.0.0.1:80' });
const GREEN = instance({ id: 'green', url: 'http://10.0.0.2:80', state: 'DRAINING' });
const LEAVE = {
  event: {
    type: 'leave',
    time: 0,
    revision: asRevision(9),
    instance: GREEN,
    reason: 'expired',
    marked: false,
  },
  instances: [BLUE],
} as const;

it('gives the change, and the list after it', () => {
  expect(noticeOf('web', LEAVE)).toMatchObject({
    type: 'leave',
    time: '1970-01-01T00:00:00.000Z',
    revision: 9,
    service: 'web',
    instance: { id: 'green' },
    reason: 'expired',
    instances: [{ id: 'blue', url: 'http://10.0.0.1:80' }],
  });
});

it('puts it into the environment, empty where there is nothing to say', () => {
  expect(noticeVariables(noticeOf('web', LEAVE))).toMatchObject({
    ROLLCALL_EVENT: 'leave',
    ROLLCALL_SERVICE: 'web',
    ROLLCALL_ID: 'green',
    ROLLCALL_REASON: 'expired',
    ROLLCALL_REVISION: '9',
    ROLLCALL_URLS: 'http://10.0.0.1:80',
  });
  const several = noticeVariables(mergedNotice('web', LEAVE));
  expect(several).toMatchObject({
    ROLLCALL_EVENT: 'changes',
    ROLLCALL_ID: '',
    ROLLCALL_REASON: '',
  });
});

it('gives the list as JSON that reads back', () => {
  const notice = noticeOf('web', LEAVE);
  const { ROLLCALL_INSTANCES } = noticeVariables(notice);
  expect(JSON.parse(ROLLCALL_INSTANCES!)).toEqual(notice.instances);
});

it('leaves out of the environment what the kernel would refuse', () => {
  const instances = Array.from({ length: 1_000 }, (_, i) => instance({ id: `i-${i}` }));
  const notice = noticeOf('web', { ...LEAVE, instances });
  expect(JSON.stringify(notice.instances).length).toBeGreaterThan(HOOK_VARIABLE_BYTES_MAX);
  expect(noticeVariables(notice).ROLLCALL_INSTANCES).toBeUndefined();
});

it('gives URLs of those that are UP, and none that is two or none to a shell', () => {
  const urls = urlsOf([
    BLUE,
    GREEN,
    { state: 'UP', url: 'http://a http://evil' },
    { state: 'UP', url: 'http://a\0b' },
    { state: 'UP', url: 'http://a\nb' },
  ]);
  expect(urls).toEqual(['http://10.0.0.1:80']);
});

it('is told in a few words', () => {
  expect(describeNotice(noticeOf('web', LEAVE))).toBe('leave web/green, rev 9');
  expect(describeNotice(mergedNotice('web', LEAVE))).toBe('changes web, rev 9');
});
