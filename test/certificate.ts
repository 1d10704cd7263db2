import { generateKeyPairSync, sign } from 'node:crypto';

/**
 * A certificate that names itself, for HTTPS servers on 127.0.0.1: what only speaks TLS can be tested without a
 * certificate that anybody has to keep, or renew. Written in DER by hand, RFC 5280.
 */
export interface Certificate {
  /** PEM, both. */
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
const TAGS = {
  integer: 2,
  bits: 3,
  octets: 4,
  id: 6,
  text: 12,
  sequence: 0x30,
  set: 0x31,
  time: 0x17,
} as const;
/** Of the context, by their numbers. */
const EXPLICIT = 0xa0;
const IMPLICIT = 0x80;

/** All of them are shorter than 64 Ki bytes. */
const der = (tag: number, ...parts: (Uint8Array | readonly number[])[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: Buffer[]): Buffer => der(TAGS.sequence, ...parts);

const ECDSA_WITH_SHA256 = sequence(der(TAGS.id, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]));
const COMMON_NAME = der(TAGS.id, [0x55, 4, 3]);
const ALTERNATIVE_NAME = der(TAGS.id, [0x55, 0x1d, 17]);

/** `YYMMDDHHMMSSZ` */
const utcTime = (at: number): Buffer =>
  der(TAGS.time, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/\D/g, '')}Z`));

/** Good from yesterday to tomorrow. */
export const createCertificate = (): Certificate => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(der(TAGS.set, sequence(COMMON_NAME, der(TAGS.text, Buffer.from('loopback')))));
  const address = sequence(der(IMPLICIT + 7, [127, 0, 0, 1]));
  const facts = sequence(
    der(EXPLICIT, der(TAGS.integer, [2])),
    der(TAGS.integer, [1]),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(Date.now() - DAY_MS), utcTime(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXPLICIT + 3, sequence(sequence(ALTERNATIVE_NAME, der(TAGS.octets, address)))),
  );
  const signature = sign('sha256', facts, privateKey);
  const whole = sequence(facts, ECDSA_WITH_SHA256, der(TAGS.bits, [0], signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
};
