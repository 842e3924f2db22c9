import { didFromPublicKey, publicKeyOf } from '@earnest/sdk/protocol'
import { hexOf } from './hex.ts'

const keyOf = (byte: number) => publicKeyOf(new Uint8Array(32).fill(byte))

/** did:key of Ed25519 keys; the first is the example of the W3C CCG specification. */
export function didKeyVectors() {
  const cases = [0x11, 0x22, 0x33, 0xff].map((byte) => ({
    name: `key of the seed of 32 bytes 0x${byte.toString(16)}`,
    publicKey: hexOf(keyOf(byte)),
    did: didFromPublicKey(keyOf(byte)),
  }))
  return {
    cases: [
      {
        name: 'did:key method specification, Ed25519 example',
        publicKey: '2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6',
        did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
      },
      ...cases,
    ],
    refused: [
      { name: 'empty', did: '' },
      { name: 'another method', did: 'did:web:example.com' },
      { name: 'a fragment', did: `${cases[0]?.did}#${cases[0]?.did.slice(8)}` },
      { name: 'a trailing space', did: `${cases[0]?.did} ` },
      { name: 'upper-case scheme', did: cases[0]?.did.replace('did:key', 'DID:KEY') },
      { name: 'a character outside base58', did: cases[0]?.did.replace(/.$/, '0') },
      { name: 'a secp256k1 key', did: 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme' },
      { name: 'a P-256 key', did: 'did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv' },
      { name: 'an X25519 key', did: 'did:key:z6LSeu9HkTHSfLLeUs2nnzUSNedgDUevfNQgQjQC23ZCit6F' },
      { name: 'one byte less', did: 'did:key:z2DQY9TiNrbFUE5B7j38Qv34QZioEML1gRtLx7fLyBepqwc' },
      {
        name: 'the neutral point, of small order',
        did: 'did:key:z6MkeXATEjyXENzBXBxgC5EHk2JE5aqd7qMGGtDpLUH1e2Sj',
      },
      {
        name: 'the neutral point in a second encoding (y = p + 1)',
        did: 'did:key:z6MkvYDV6cfbwNp6jpaZGAcYpZgdfuK59wb3FKdA8t7sBVka',
      },
      {
        name: '32 bytes that are no point of the curve (y = 2)',
        did: 'did:key:z6Mkeb4rtEhc8DUtvt5ehaVjdx3TLbQPpnTArkXhqfb1Mq75',
      },
    ],
  }
}
