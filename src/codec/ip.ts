/**
 * IP addresses and ranges as text, for access lists: dotted IPv4, IPv6 in all of its forms, and CIDR. An
 * IPv4 address mapped into IPv6 is that IPv4 address. Total: what is neither gives `undefined`.
 */

/** Four or sixteen numbers of eight bits. */
export type IpAddress = readonly number[];

export interface IpRange {
  readonly address: IpAddress;
  /** Leading bits that must agree. */
  readonly bits: number;
}

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const IPV6_GROUPS = 8;
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

export function parseIp(text: string): IpAddress | undefined {
  const parsed = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return parsed !== undefined && isMapped(parsed) ? parsed.slice(MAPPED_PREFIX.length) : parsed;
}

/** An address alone is a range of one. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { address, bits: address.length * 8 };
  const written = parseDecimal(text.slice(slash + 1), IPV6_BYTES * 8);
  if (written === undefined) return undefined;
  const isShortened = address.length === IPV4_BYTES && text.slice(0, slash).includes(':');
  const bits = isShortened ? written - MAPPED_PREFIX.length * 8 : written;
  return bits >= 0 && bits <= address.length * 8 ? { address, bits } : undefined;
}

export function isInRange(address: IpAddress, range: IpRange): boolean {
  if (address.length !== range.address.length) return false;
  const whole = range.bits >>> 3;
  for (let i = 0; i < whole; i++) {
    if (address[i] !== range.address[i]) return false;
  }
  const rest = range.bits & 7;
  return rest === 0 || (address[whole]! ^ range.address[whole]!) >>> (8 - rest) === 0;
}

function isMapped(address: IpAddress): boolean {
  if (address.length !== IPV6_BYTES) return false;
  return MAPPED_PREFIX.every((byte, i) => address[i] === byte);
}

function parseIpv4(text: string): number[] | undefined {
  const bytes: number[] = [];
  for (const part of text.split('.')) {
    const byte = parseDecimal(part, 255);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes.length === IPV4_BYTES ? bytes : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  const head = parseGroups(halves[0]!, halves.length === 1);
  if (head === undefined || halves.length > 2) return undefined;
  if (halves.length === 1) return head.length === IPV6_BYTES ? head : undefined;
  const tail = parseGroups(halves[1]!, true);
  if (tail === undefined || head.length + tail.length > IPV6_BYTES - 2) return undefined;
  const zeros = new Array<number>(IPV6_BYTES - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

/** Groups of four hex digits; the last of an address may be a dotted IPv4 address. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  if (groups.length > IPV6_GROUPS) return undefined;
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    const isDotted = isEnd && i === groups.length - 1 && group.includes('.');
    const parsed = isDotted ? parseIpv4(group) : parseGroup(group);
    if (parsed === undefined) return undefined;
    bytes.push(...parsed);
  }
  return bytes;
}

function parseGroup(text: string): number[] | undefined {
  if (!/^[0-9a-f]{1,4}$/i.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return [value >>> 8, value & 0xff];
}

/** No sign, no leading zero: "010" is octal to some. */
function parseDecimal(text: string, max: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}
