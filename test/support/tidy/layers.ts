/**
 * The import table: one direction, and what each layer may use besides. A newcomer's reading order is
 * the order of these lines.
 */
import { posix } from 'node:path';
import { codeOnly, type Import, importsOf } from './source.js';

interface Layer {
  /** Folder below src/; the longest that fits decides. */
  readonly folder: string;
  /** Folders or files below src/ that it may import; its own folder always. */
  readonly imports: readonly string[];
  /** The same, for types only. */
  readonly types?: readonly string[];
  /** Packages, and "node:" for what comes with Node. */
  readonly packages?: readonly string[];
  /** No async, timers, clock, randomness or process: what makes the simulator possible. */
  readonly isPure?: boolean;
}

const GRPC = ['@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs'];
const SERVER_PARTS = ['types', 'codec', 'tree', 'raft', 'storage', 'transport', 'rpc'];
const FACE = {
  imports: ['types', 'codec', 'rpc', 'gen'],
  types: ['server/service.ts', 'server/face.ts', 'server/metrics/metrics.ts'],
};
const CLIENT = ['types', 'codec', 'rpc', 'gen'];

export const LAYERS: readonly Layer[] = [
  { folder: 'types', imports: [], isPure: true },
  { folder: 'codec', imports: ['types'], isPure: true },
  { folder: 'tree', imports: ['types', 'codec'], isPure: true },
  { folder: 'raft', imports: ['types', 'codec'], isPure: true },
  { folder: 'storage', imports: ['types', 'codec'], packages: ['level', 'node:'] },
  { folder: 'gen', imports: [] },
  { folder: 'rpc', imports: ['types', 'codec', 'gen'], packages: [...GRPC, 'node:'] },
  {
    folder: 'transport',
    imports: ['types', 'codec', 'rpc', 'gen'],
    packages: [...GRPC, 'node:'],
  },
  {
    folder: 'server',
    imports: SERVER_PARTS,
    packages: ['prom-client', 'valibot', 'node:'],
  },
  { folder: 'faces/grpc', ...FACE, packages: [...GRPC, 'grpc-health-check', 'node:'] },
  { folder: 'faces/http', ...FACE, packages: ['hono', '@hono/node-server', 'node:'] },
  { folder: 'client', imports: CLIENT, packages: [...GRPC, 'node:'] },
  { folder: 'client/balancers', imports: ['types'], isPure: true },
  {
    folder: 'testing',
    imports: ['types', 'storage', 'transport', 'server', 'faces/grpc', 'client'],
    packages: ['node:'],
  },
  {
    folder: 'cli',
    imports: ['types', 'codec', 'rpc', 'gen', 'client'],
    types: ['server/config.ts'],
    packages: ['commander', 'yaml', 'node:'],
  },
  {
    folder: 'cli/check',
    imports: ['types', 'client', 'cli'],
    packages: ['@grpc/grpc-js', 'grpc-health-check', 'node:'],
  },
  {
    folder: 'cli/member',
    imports: ['types', 'cli', 'server/main.ts', 'server/config.ts', 'faces'],
    packages: ['commander', 'pino', 'yaml', 'node:'],
  },
];

const LAYER_BY_DEPTH = [...LAYERS].sort((a, b) => b.folder.length - a.folder.length);

/** `path` is below src/, as in "server/metrics/metrics.ts". */
export function layerOf(path: string): Layer | undefined {
  return LAYER_BY_DEPTH.find(({ folder }) => path.startsWith(`${folder}/`));
}

export function importProblems(path: string, source: string): string[] {
  const layer = layerOf(path);
  if (layer === undefined) return [`src/${path}: belongs to no layer of the import table`];
  return importsOf(source)
    .filter((found) => !isAllowed(layer, path, found))
    .map(({ specifier }) => `src/${path}: ${layer.folder} may not import ${specifier}`);
}

function isAllowed(layer: Layer, path: string, { specifier, typeOnly }: Import): boolean {
  if (!specifier.startsWith('.')) return (layer.packages ?? []).some(names(specifier));
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts');
  const allowed = [layer.folder, ...layer.imports, ...(typeOnly ? (layer.types ?? []) : [])];
  return allowed.some((place) => target === place || target.startsWith(`${place}/`));
}

function names(specifier: string): (name: string) => boolean {
  return (name) =>
    name.endsWith(':')
      ? specifier.startsWith(name)
      : specifier === name || specifier.startsWith(`${name}/`);
}

const IMPURE: readonly (readonly [RegExp, string])[] = [
  [/\basync\b|\bawait\b|\bPromise\s*[.(]/, 'async'],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'timers'],
  [/\bDate\b|\bperformance\b/, 'the clock'],
  [/\bMath\.random\b|\bcrypto\b/, 'randomness'],
  [/\bprocess\b/, 'process'],
  [/\blocaleCompare\b|\bIntl\b/, 'the locale'],
];

export function purityProblems(path: string, source: string): string[] {
  if (layerOf(path)?.isPure !== true) return [];
  return codeOnly(source)
    .split('\n')
    .flatMap((line, i) =>
      IMPURE.filter(([pattern]) => pattern.test(line)).map(
        ([, what]) => `src/${path}:${i + 1}: a pure layer may not use ${what}`,
      ),
    );
}
