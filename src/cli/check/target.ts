/**
 * What a health check asks: text in, place out. Forms that leave the place out (`/health`, `:8080/health`)
 * mean the instance's own, so they are completed once that is known. Pure.
 */
import type { Instance } from '../../client/index.js';

export type CheckTarget =
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly type: 'grpc';
      readonly host: string;
      readonly port: number;
      /** Empty: the server as a whole. */
      readonly service: string;
    };

type Place = Pick<Instance, 'address' | 'port' | 'protocol'>;

export type CheckPlan = (instance: Place) => CheckTarget;

export const CHECK_FORMS =
  'http(s)://…, tcp://HOST:PORT, grpc://HOST:PORT[/service], :PORT/path or /path';

const OWN_PLACE = /^(?::(\d{1,5}))?(\/\S*)?$/;
const TLS_PROTOCOLS: ReadonlySet<string> = new Set(['https', 'grpcs', 'wss', 'tls']);

/** undefined: no form that is known. */
export function parseCheckPlan(text: string): CheckPlan | undefined {
  const own = OWN_PLACE.exec(text);
  if (own !== null) return text === '' ? undefined : ownPlan(own[1], own[2]);
  const target = URL.canParse(text) ? targetAt(new URL(text)) : undefined;
  return target === undefined ? undefined : () => target;
}

/** Another port of the same instance is taken to speak plain HTTP. */
function ownPlan(port: string | undefined, path = '/'): CheckPlan | undefined {
  if (port !== undefined && !isPort(Number(port))) return undefined;
  return (instance) => {
    const isTls = port === undefined && TLS_PROTOCOLS.has(instance.protocol);
    const { address } = instance;
    const host = address.includes(':') ? `[${address}]` : address;
    const place = `${host}:${port ?? instance.port}`;
    return { type: 'http', url: `${isTls ? 'https' : 'http'}://${place}${path}` };
  };
}

function targetAt(url: URL): CheckTarget | undefined {
  if (url.hostname === '') return undefined;
  if (url.protocol === 'http:' || url.protocol === 'https:') return { type: 'http', url: url.href };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port);
  if (!isPort(port)) return undefined;
  const service = decodeURIComponent(url.pathname.slice(1));
  if (url.protocol === 'grpc:') return { type: 'grpc', host, port, service };
  return url.protocol === 'tcp:' && service === '' ? { type: 'tcp', host, port } : undefined;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
