/**
 * The package as it is published: packed, unpacked beside its dependencies in a project of its own, and
 * used from there in each of the ways that a program has.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestCluster, type TestCluster } from '../../src/testing/index.js';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const WITHIN_MS = 30_000;
const PACKED_BYTES_MAX = 1_000_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

interface PackageJson {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
}

let project: string;
let packed: Packed;
let manifest: PackageJson;
let cluster: TestCluster;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'rollcall-package-'));
  packed = await pack();
  await unpack(packed.filename);
  manifest = (await import(join(project, 'node_modules/rollcall/package.json'), JSON_MODULE))
    .default;
  await linkDependencies(Object.keys(manifest.dependencies));
  await write('package.json', '{ "name": "user", "private": true }');
  cluster = await startTestCluster({ members: 1 });
}, 60_000);

afterAll(async () => {
  await cluster?.close();
  await rm(project, { recursive: true, force: true });
});

const JSON_MODULE = { with: { type: 'json' } };

/** Without scripts and without the network; the build is that of the tests. */
async function pack(): Promise<Packed> {
  const asked = ['pack', '--json', '--offline', '--ignore-scripts', '--pack-destination', project];
  const { stdout } = await run('npm', asked, { cwd: ROOT });
  return (JSON.parse(stdout) as Packed[])[0]!;
}

async function unpack(filename: string): Promise<void> {
  const target = join(project, 'node_modules/rollcall');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(project, filename), '-C', target, '--strip-components=1']);
}

/** Those that it names, and no other: what it forgot to name is not found. */
async function linkDependencies(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const link = join(project, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(MODULES, name), link);
  }
}

async function write(name: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, name)), { recursive: true });
  await writeFile(join(project, name), text);
}

async function node(...args: readonly string[]): Promise<string> {
  const options = { cwd: project, timeout: WITHIN_MS, env: { ...process.env, NODE_OPTIONS: '' } };
  const { stdout } = await run(process.execPath, args, options);
  return stdout.trim();
}

const paths = (): readonly string[] => packed.files.map(({ path }) => path);

describe('the package', () => {
  test('holds what runs, its types, the wire and what a reader needs', () => {
    const entries = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    const named = [...entries, ...Object.values(manifest.bin)].map((path) => path.slice(2));
    expect(paths()).toEqual(expect.arrayContaining([...named, 'README.md', 'LICENSE']));
    expect(paths().filter((path) => path.startsWith('proto/')).length).toBeGreaterThan(3);
    for (const path of paths().filter((each) => /^dist\/.*\.js$/.test(each)))
      expect(paths()).toContain(path.replace(/\.js$/, '.d.ts'));
  });

  test('holds no tests, no sources, no maps to what it does not hold, and is small', () => {
    const allowed = /^(dist\/.*\.(js|d\.ts)|proto\/.*\.proto|README\.md|LICENSE|package\.json)$/;
    expect(paths().filter((path) => !allowed.test(path))).toEqual([]);
    expect(paths().filter((path) => /\.test\./.test(path))).toEqual([]);
    expect(packed.size).toBeLessThan(PACKED_BYTES_MAX);
  });

  test('shows nothing but its entries', async () => {
    await write('deep.mjs', "import 'rollcall/dist/client/connect.js';");
    await expect(node('deep.mjs')).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});

const USE = `
  const client = connect(process.argv[2]);
  const registration = await client.register(process.argv[3], { address: '10.0.0.1', port: 80 });
  const { instances } = await client.instances(process.argv[3]);
  console.log(instances.map(({ url }) => url).join());
  await registration.close();
  await client.close();
`;

describe('a program', () => {
  test('imports it', async () => {
    await write('esm.mjs', `import { connect } from 'rollcall';${USE}`);
    expect(await node('esm.mjs', cluster.endpoints.join(), 'esm')).toContain('10.0.0.1:80');
  });

  test('requires it', async () => {
    const main = `const { connect, RollcallError } = require('rollcall');
      (async () => {${USE}console.log(typeof RollcallError);})();`;
    await write('commonjs.cjs', main);
    const output = await node('commonjs.cjs', cluster.endpoints.join(), 'commonjs');
    expect(output).toMatch(/10\.0\.0\.1:80.*\nfunction/);
  });

  test('starts a cluster for its tests', async () => {
    const main = `import { startTestCluster } from 'rollcall/testing';
      const cluster = await startTestCluster();
      const client = cluster.connect();
      console.log((await client.lock('/locks/a').acquire()).fencingToken > 0);
      await cluster.close();`;
    await write('testing.mjs', main);
    expect(await node('testing.mjs')).toBe('true');
    await write('testing.cjs', "console.log(typeof require('rollcall/testing').startTestCluster)");
    expect(await node('testing.cjs')).toBe('function');
  });

  test('loads nothing of members, command line or metrics with the SDK', async () => {
    const hooks = `import { writeSync } from 'node:fs';
      export async function resolve(specifier, context, next) {
        const found = await next(specifier, context);
        writeSync(1, found.url + '\\n');
        return found;
      }`;
    const main = `import { createRequire, register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}));
      await import('rollcall');
      console.log(Object.keys(createRequire(import.meta.url).cache).join('\\n'));`;
    await write('loads.mjs', main);
    const loaded = (await node('loads.mjs')).split('\n');
    expect(loaded.some((url) => url.includes('/rollcall/dist/client/connect.js'))).toBe(true);
    const packages =
      /\/node_modules\/(level|classic-level|commander|prom-client|hono|@hono|pino|valibot|yaml)\//;
    const folders = /\/dist\/(server|faces|cli|raft|storage|transport|tree|testing)\//;
    expect(loaded.filter((url) => packages.test(url) || folders.test(url))).toEqual([]);
  });
});

describe('the command', () => {
  test('runs from where it was unpacked, and finds a cluster', async () => {
    const link = join(project, 'node_modules/.bin/rollcall');
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(project, 'node_modules/rollcall', manifest.bin.rollcall!), link);
    const options = { cwd: project, timeout: WITHIN_MS };
    const version = await run('npx', ['--offline', 'rollcall', '--version'], options);
    expect(version.stdout.trim()).toContain(manifest.version);
    const asked = ['rollcall', 'members', '--endpoints', cluster.endpoints.join()];
    const members = await run('npx', ['--offline', ...asked], options);
    expect(members.stdout).toContain('r1');
  });
});

const TYPED = `
  import { connect, isRollcallError, type Client, type HeldLock } from 'rollcall';
  import { startTestCluster, type TestCluster } from 'rollcall/testing';
  export async function use(client: Client): Promise<number> {
    const held: HeldLock = await client.lock('/a').acquire({ timeoutMs: 0 });
    // @ts-expect-error: there is no such option
    client.lock('/a').acquire({ timeout: 0 });
    return held.fencingToken;
  }
  export async function start(): Promise<string> {
    const cluster: TestCluster = await startTestCluster({ members: 1 });
    try {
      return connect(cluster.endpoints).state;
    } catch (error) {
      return isRollcallError(error) ? error.code : 'other';
    }
  }
`;

describe('TypeScript', () => {
  test.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'finds the types of both entries with module %s, resolution %s',
    async (module, resolution) => {
      await write('typed.mts', TYPED);
      const compiler = join(MODULES, 'typescript/bin/tsc');
      const options = [
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--lib',
        'es2023,esnext.disposable',
      ];
      const resolving = ['--module', module, '--moduleResolution', resolution];
      const types = ['--types', 'node', '--typeRoots', join(MODULES, '@types')];
      expect(await node(compiler, ...options, ...resolving, ...types, 'typed.mts')).toBe('');
    },
  );
});

test('its folder has nothing that only our own machine has', async () => {
  const names = await readdir(join(project, 'node_modules/rollcall'));
  expect(names.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json', 'proto']);
});
