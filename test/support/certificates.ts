/** Certificates made on the spot, so that tests need neither a tool nor a key in the repository. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  issue(name: string): Issued;
}

/** PEM, both. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

/** Its certificates are good for a day, for `name` as a host and for 127.0.0.1. */
export function createAuthority(name: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = der(0x30, oid('551d13'), der(0x01, Buffer.from([0xff])), octets(SEQ_TRUE));
  const own = { issuer: name, subject: name, publicKey, signer: privateKey };
  return {
    certificate: certificate({ ...own, serial: 1, extension: isAuthority }),
    issue(subject) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const names = Buffer.concat([
        der(0x82, Buffer.from(subject)),
        der(0x87, Buffer.from([127, 0, 0, 1])),
      ]);
      const extension = der(0x30, oid('551d11'), octets(der(0x30, names)));
      const terms = { issuer: name, subject, publicKey: pair.publicKey, signer: privateKey };
      return {
        certificate: certificate({ ...terms, serial: 2, extension }),
        key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

interface Terms {
  readonly issuer: string;
  readonly subject: string;
  readonly serial: number;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extension: Buffer;
}

const DAY_MS = 86_400_000;
const SEQ_TRUE = Buffer.from([0x30, 0x03, 0x01, 0x01, 0xff]);
const ECDSA_SHA256 = der(0x30, oid('2a8648ce3d040302'));

function certificate({ issuer, subject, serial, publicKey, signer, extension }: Terms): string {
  const now = Date.now();
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial])),
    ECDSA_SHA256,
    nameOf(issuer),
    der(0x30, time(now - DAY_MS), time(now + DAY_MS)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, extension)),
  );
  const signature = sign('sha256', body, createPrivateKey(signer.export(PKCS8)));
  const whole = der(0x30, body, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString('base64').replace(/(.{64})/g, '$1\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

const PKCS8 = { type: 'pkcs8', format: 'pem' } as const;

function nameOf(name: string): Buffer {
  const attribute = der(0x30, oid('550403'), der(0x0c, Buffer.from(name)));
  return der(0x30, der(0x31, attribute));
}

function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return der(0x18, Buffer.from(`${text}Z`));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function octets(bytes: Buffer): Buffer {
  return der(0x04, bytes);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const short = Buffer.from([tag, length]);
  const long = Buffer.from([tag, 0x82, length >> 8, length & 0xff]);
  return Buffer.concat([length < 0x80 ? short : long, body]);
}
