/** TLS to the members, ended in front of them by a proxy: whom the SDK trusts, and what it says when not. */
import { once } from 'node:events';
import { type AddressInfo, connect as dial } from 'node:net';
import { createServer, type TlsOptions as ServerOptions } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect, type TlsOptions } from '../../src/client/index.js';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';
import { createAuthority } from '../support/certificates.js';

let cluster: TestCluster;
const authority = createAuthority('the authority');
const server = authority.issue('member.test');

beforeAll(async () => {
  cluster = await startTestCluster({ members: 1 });
});

afterAll(() => cluster.close());

/** HOST:PORT that speaks TLS and passes on in plain text. */
async function front(options: ServerOptions = {}): Promise<string> {
  const port = Number(cluster.endpoints[0]!.split(':')[1]);
  const given = { key: server.key, cert: server.certificate, ALPNProtocols: ['h2'], ...options };
  const proxy = createServer(given, (secure) => {
    const plain = dial(port, '127.0.0.1');
    secure.pipe(plain).pipe(secure);
    for (const socket of [secure, plain]) socket.on('error', () => socket.destroy());
    secure.on('close', () => plain.destroy());
    plain.on('close', () => secure.destroy());
  });
  proxy.on('tlsClientError', () => undefined);
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  return `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

function client(endpoint: string, tls: TlsOptions | undefined) {
  const made = connect(endpoint, { tls, learnMembers: false, failFast: true });
  onTestFinished(() => made.close());
  return made;
}

test('a member whose certificate is by the authority that is trusted is used', async () => {
  const secure = client(await front(), { ca: authority.certificate });
  await secure.create('/over-tls', 'x');
  expect(String((await secure.get('/over-tls'))!.data)).toBe('x');
  expect((await secure.status()).hasQuorum).toBe(true);
});

test('calls of their own to a named member are as secure', async () => {
  const endpoint = await front();
  const secure = client(endpoint, { ca: Buffer.from(authority.certificate) });
  expect((await secure.status({ endpoint })).endpoint).toBe(endpoint);
});

test('a member that nobody vouches for is not, and the reason is said in words', async () => {
  const endpoint = await front();
  const stranger = createAuthority('a stranger').certificate;
  const call = client(endpoint, { ca: stranger }).get('/');
  await expect(call).rejects.toMatchObject({ code: 'UNAVAILABLE', outcome: 'not-applied' });
  await expect(call).rejects.toThrow(/certificate|signature/);
  const named = client(endpoint, { ca: stranger }).status({ endpoint });
  await expect(named).rejects.toThrow(/certificate|signature/);
});

test('a member by another name than expected is not used', async () => {
  const endpoint = await front();
  const other = client(endpoint, { ca: authority.certificate, serverName: 'other.test' });
  await expect(other.get('/')).rejects.toThrow(/UNAVAILABLE.*(altnames|other\.test)/);
  const right = client(endpoint, { ca: authority.certificate, serverName: 'member.test' });
  expect(await right.get('/')).toBeDefined();
});

test('a certificate of our own is shown to a member that asks for one', async () => {
  const ours = authority.issue('client.test');
  const demanding = { requestCert: true, rejectUnauthorized: true, ca: [authority.certificate] };
  const endpoint = await front(demanding);
  expect(await client(endpoint, { ca: authority.certificate, ...ours }).get('/')).toBeDefined();
  const nobody = client(endpoint, { ca: authority.certificate });
  await expect(nobody.get('/')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('plain text to a member that speaks TLS fails as unavailable', async () => {
  const plain = client(await front(), undefined);
  await expect(plain.get('/')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a key that is none is refused at once', () => {
  const tls = { ...server, key: 'no key' };
  expect(() => connect('127.0.0.1:1', { tls })).toThrow(/INVALID_ARGUMENT.*tls/);
});
