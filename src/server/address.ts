/** Addresses as people write them: HOST:PORT, IPv6 in brackets. Text in, parts or nothing out; no look-ups. */
import { isIP } from 'node:net';

/** HOST:PORT or [IPv6]:PORT. */
export function splitAddress(address: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f]*:[0-9a-f:.]*)\]|([^:[\]\s]+)):(\d{1,5})$/i.exec(address);
  if (match === null || !isPort(Number(match[3]))) return undefined;
  const host = match[1] ?? match[2]!;
  return isHost(host) ? { host, port: Number(match[3]) } : undefined;
}

export function joinAddress(host: string, portNumber: number): string {
  return isIP(host) === 6 ? `[${host}]:${portNumber}` : `${host}:${portNumber}`;
}

export function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 65_535;
}

export function isHost(text: string): boolean {
  return isIP(text) !== 0 || /^[a-z0-9_]([a-z0-9_.-]{0,252})?$/i.test(text);
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
