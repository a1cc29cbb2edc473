/**
 * The public API as both sides use it: service definitions and codecs of rollcall.v1. Loaded from the
 * .proto files at first use, because the command line must not pay for it before it calls anybody.
 */
import type { Messages, Services } from '../gen/index.js';
import { loadSchema, type Schema } from './schema.js';
import type { Codec } from './shapes.js';

const FILES = ['tree', 'sessions', 'catalog', 'cluster', 'errors'].map(
  (name) => `rollcall/v1/${name}.proto`,
);

let loaded: Schema | undefined;

export function schema(): Schema {
  loaded ??= loadSchema(FILES);
  return loaded;
}

export function codec<Name extends keyof Messages & string>(name: Name): Codec<Messages[Name]> {
  return schema().codec(`rollcall.v1.${name}`);
}

export const services: Services = {
  get Tree() {
    return serviceOf('Tree');
  },
  get Sessions() {
    return serviceOf('Sessions');
  },
  get Catalog() {
    return serviceOf('Catalog');
  },
  get Cluster() {
    return serviceOf('Cluster');
  },
};

const definitions = new Map<string, object>();

function serviceOf<Name extends keyof Services & string>(name: Name): Services[Name] {
  let definition = definitions.get(name);
  if (definition === undefined) {
    definition = schema().service<Services[Name]>(`rollcall.v1.${name}`);
    definitions.set(name, definition);
  }
  return definition as Services[Name];
}

/** The trailer in which a failed call carries its ErrorDetail. */
export const ERROR_TRAILER = 'rollcall-error-bin';
