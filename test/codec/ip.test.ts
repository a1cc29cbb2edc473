/** Addresses and ranges as people write them, and what only looks like one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInRange, parseIp, parseIpRange } from '../../src/codec/ip.js';

const hex = (text: string) => Buffer.from(parseIp(text) ?? []).toString('hex');

describe('an address', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['1::', `0001${'0'.repeat(28)}`],
    ['2001:DB8::a', '20010db800000000000000000000000a'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['::ffff:192.0.2.33', 'c0000221'],
    ['::FFFF:c000:221', 'c0000221'],
  ])('%s', (text, bytes) => {
    expect(hex(text)).toBe(bytes);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4 ',
    '+1.2.3.4',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    '12345::',
    'g::',
    '::1.2.3',
    '1.2.3.4::',
    'fe80::1%eth0',
  ])('is not "%s"', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('in any form is read without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789af:./') }), (text) => {
        parseIp(text);
        parseIpRange(text);
      }),
    );
    fc.assert(fc.property(fc.ipV4(), (text) => void expect(parseIp(text)).toHaveLength(4)));
    fc.assert(fc.property(fc.ipV6(), (text) => void expect(parseIp(text)).toBeDefined()));
  });
});

describe('a range', () => {
  it.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '::/129',
    '/8',
    '::ffff:1.2.3.4/64',
  ])('is not "%s"', (text) => {
    expect(parseIpRange(text)).toBeUndefined();
  });

  it('holds what agrees in its leading bits', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (a, b, bits) => {
        const number = (text: string) => Buffer.from(parseIp(text)!).readUInt32BE();
        const shift = 2 ** (32 - bits);
        const expected = Math.floor(number(a) / shift) === Math.floor(number(b) / shift);
        expect(isInRange(parseIp(b)!, parseIpRange(`${a}/${bits}`)!)).toBe(expected);
      }),
    );
  });

  it('of IPv4 addresses may be written as one of IPv6', () => {
    const range = parseIpRange('::ffff:10.0.0.0/104')!;
    expect(isInRange(parseIp('10.9.9.9')!, range)).toBe(true);
    expect(isInRange(parseIp('11.0.0.0')!, range)).toBe(false);
  });
});
