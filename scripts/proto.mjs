/**
 * Writes src/gen: TypeScript types of the messages, enums and services in proto/rollcall/v1, as the
 * codecs of src/rpc give them. Run it after changing a .proto file; `--check` only tells whether the
 * committed files are fresh.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const PROTO = fileURLToPath(new URL('../proto/', import.meta.url));
const GEN = fileURLToPath(new URL('../src/gen/', import.meta.url));
const PACKAGE = 'rollcall.v1';
const LINE_MAX = 100;
const MODULES = ['errors', 'tree', 'sessions', 'catalog', 'cluster'];

const NUMBERS = new Set(['double', 'float', 'int32', 'uint32', 'sint32', 'fixed32', 'sfixed32']);
const LONGS = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64']);

/** File name in src/gen → text. */
export function generate() {
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => PROTO + target;
  root.loadSync(
    MODULES.map((name) => `rollcall/v1/${name}.proto`),
    { alternateCommentMode: true },
  );
  root.resolveAll();
  const all = root.lookup(PACKAGE).nestedArray;
  const files = new Map();
  for (const name of MODULES) {
    const own = all.filter((object) => moduleOf(object) === name);
    files.set(`${name}.ts`, moduleText(name, own));
  }
  files.set('index.ts', indexText(all));
  return files;
}

function moduleOf(object) {
  return object.filename.slice(object.filename.lastIndexOf('/') + 1, -'.proto'.length);
}

function moduleText(name, objects) {
  const imports = new Map();
  const parts = objects.map((object) => objectText(object, name, imports));
  const head = [
    `/** Generated from proto/rollcall/v1/${name}.proto by scripts/proto.mjs: do not edit. */`,
  ];
  if (objects.some((object) => object instanceof protobuf.Service)) {
    head.push("import type { Method } from '../rpc/shapes.js';");
  }
  for (const from of [...imports.keys()].sort()) {
    const names = [...imports.get(from)].sort().join(', ');
    head.push(...importLines(names, from));
  }
  return `${[head.join('\n'), ...parts].join('\n\n')}\n`;
}

function importLines(names, from) {
  const line = `import type { ${names} } from './${from}.js';`;
  if (line.length <= 100) return [line];
  return [
    'import type {',
    ...names.split(', ').map((each) => `  ${each},`),
    `} from './${from}.js';`,
  ];
}

function objectText(object, module, imports) {
  const use = (type) => {
    const from = moduleOf(type);
    if (from !== module) imports.set(from, (imports.get(from) ?? new Set()).add(type.name));
    return type.name;
  };
  if (object instanceof protobuf.Enum) return enumText(object);
  if (object instanceof protobuf.Service) return serviceText(object, use);
  return messageText(object, use);
}

function enumText(object) {
  const lines = Object.entries(object.values).map(
    ([key, value]) => `${comment(object.comments[key], '  ')}  ${key}: ${value},`,
  );
  return `${comment(object.comment)}export const ${object.name} = {\n${lines.join('\n')}\n} as const;`;
}

function messageText(type, use) {
  const doc = comment(type.comment);
  const lines = type.fieldsArray.map(
    (field) => `${comment(field.comment, '  ')}  readonly ${field.name}: ${fieldType(field, use)};`,
  );
  for (const oneof of type.oneofsArray) {
    const names = oneof.fieldsArray.map((field) => `'${field.name}'`);
    lines.push(
      `  /** Which of its members is set. */\n  readonly ${oneof.name}?:${union(names, oneof.name)};`,
    );
  }
  if (lines.length === 0) return `${doc}export type ${type.name} = Readonly<Record<never, never>>;`;
  return `${doc}export interface ${type.name} {\n${lines.join('\n')}\n}`;
}

/** As the formatter would have it. */
function union(names, of) {
  const inline = names.join(' | ');
  return `  readonly ${of}?: ${inline};`.length <= LINE_MAX
    ? ` ${inline}`
    : names.map((name) => `\n    | ${name}`).join('');
}

function fieldType(field, use) {
  const plain = plainType(field, use);
  if (field.map) return `Readonly<Record<string, ${plain}>>`;
  if (field.repeated) return `readonly ${plain}[]`;
  const canBeAbsent = field.partOf || field.resolvedType instanceof protobuf.Type;
  return canBeAbsent ? `${plain} | undefined` : plain;
}

function plainType(field, use) {
  if (field.resolvedType instanceof protobuf.Enum) return 'number';
  if (field.resolvedType) return use(field.resolvedType);
  if (NUMBERS.has(field.type) || LONGS.has(field.type)) return 'number';
  if (field.type === 'bool') return 'boolean';
  return field.type === 'bytes' ? 'Uint8Array' : 'string';
}

function serviceText(service, use) {
  const lines = service.methodsArray.map((method) => {
    const types = `${use(method.resolvedRequestType)}, ${use(method.resolvedResponseType)}`;
    return `${comment(method.comment, '  ')}  readonly ${method.name}: Method<${types}>;`;
  });
  return `${comment(service.comment)}export type ${service.name} = {\n${lines.join('\n')}\n};`;
}

function comment(text, indent = '') {
  if (!text) return '';
  const lines = text.split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function indexText(all) {
  const exports = [...MODULES].sort().map((name) => `export * from './${name}.js';`);
  const imports = [...MODULES]
    .sort()
    .map((name) => `import type * as ${name} from './${name}.js';`);
  const entries = (kind) =>
    all
      .filter((object) => object instanceof kind)
      .map((object) => `  ${object.name}: ${moduleOf(object)}.${object.name};`)
      .sort();
  return [
    '/** Generated from proto/rollcall/v1 by scripts/proto.mjs: do not edit. */',
    ...imports,
    '',
    ...exports,
    '',
    '/** Every message by its name. */',
    'export interface Messages {',
    ...entries(protobuf.Type),
    '}',
    '',
    '/** Every service by its name. */',
    'export interface Services {',
    ...entries(protobuf.Service),
    '}',
    '',
  ].join('\n');
}

function stale(files) {
  return [...files].filter(([name, text]) => {
    try {
      return readFileSync(GEN + name, 'utf8') !== text;
    } catch {
      return true;
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const changed = stale(generate());
  if (process.argv.includes('--check')) {
    for (const [name] of changed) console.error(`src/gen/${name} is not what the protos say`);
    process.exitCode = changed.length > 0 ? 1 : 0;
  } else {
    for (const [name, text] of changed) writeFileSync(GEN + name, text);
  }
}
