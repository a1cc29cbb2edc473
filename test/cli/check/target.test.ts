/** Goal: a check means what people type, and what is left out is the instance's own place. */
import { expect, it } from 'vitest';
import { parseCheckPlan } from '../../../src/cli/check/target.js';

const WEB = { address: '10.0.0.5', port: 8080, protocol: 'http' };

it.each([
  ['http://h:1/health', { type: 'http', url: 'http://h:1/health' }],
  ['https://h/', { type: 'http', url: 'https://h/' }],
  ['tcp://h:5432', { type: 'tcp', host: 'h', port: 5432 }],
  ['tcp://[::1]:5432', { type: 'tcp', host: '::1', port: 5432 }],
  ['grpc://h:50051', { type: 'grpc', host: 'h', port: 50051, service: '' }],
  ['grpc://h:50051/a.B', { type: 'grpc', host: 'h', port: 50051, service: 'a.B' }],
  ['/health', { type: 'http', url: 'http://10.0.0.5:8080/health' }],
  [':8081/health?full=1', { type: 'http', url: 'http://10.0.0.5:8081/health?full=1' }],
  [':8081', { type: 'http', url: 'http://10.0.0.5:8081/' }],
])('%s asks %j', (text, target) => {
  expect(parseCheckPlan(text)?.(WEB)).toEqual(target);
});

it('asks an instance that speaks TLS over TLS, at its own port', () => {
  const plan = parseCheckPlan('/health')!;
  expect(plan({ ...WEB, protocol: 'https' })).toMatchObject({
    url: 'https://10.0.0.5:8080/health',
  });
});

it('puts an IPv6 address in brackets', () => {
  const plan = parseCheckPlan(':8081/health')!;
  expect(plan({ ...WEB, address: 'fd00::5' })).toMatchObject({
    url: 'http://[fd00::5]:8081/health',
  });
});

it.each([
  '',
  'health',
  'h:80',
  ':0/health',
  ':99999',
  'tcp://h',
  'tcp://h:80/path',
  'grpc://h/service',
  'ftp://h:21',
  'http://',
  '/a b',
])('%j is no check', (text) => {
  expect(parseCheckPlan(text)).toBeUndefined();
});
