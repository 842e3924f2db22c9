import { splitOf } from '@earnest/sdk/protocol'

const amounts = [10_000n, 10_001n, 999_999n, 5_000_000n, 50_000_000n, 500_000_000n, 50_000_000_000n]
const shares = [0, 1, 3333, 6000, 7500, 8999, 9000, 9001, 10_000]
const fees = [
  [50, 100],
  [200, 500],
  [0, 0],
  [1, 3],
] as const

/** Who gets what, in base units as decimal strings; the first cases are the published examples. */
export function splitVectors() {
  const wanted = [
    {
      amount: 500_000_000n,
      sellerBps: 6000,
      protocolFeeBps: 50,
      arbitrationFeeBps: 100,
      arbitrated: true,
    },
    {
      amount: 500_000_000n,
      sellerBps: 7500,
      protocolFeeBps: 50,
      arbitrationFeeBps: 100,
      arbitrated: true,
    },
    {
      amount: 500_000_000n,
      sellerBps: 10_000,
      protocolFeeBps: 50,
      arbitrationFeeBps: 100,
      arbitrated: false,
    },
    {
      amount: 50_000_000_000n,
      sellerBps: 10_000,
      protocolFeeBps: 50,
      arbitrationFeeBps: 100,
      arbitrated: true,
    },
    {
      amount: 2n ** 128n - 1n,
      sellerBps: 9999,
      protocolFeeBps: 199,
      arbitrationFeeBps: 499,
      arbitrated: true,
    },
  ]
  for (const amount of amounts) {
    for (const sellerBps of shares) {
      for (const [protocolFeeBps, arbitrationFeeBps] of fees) {
        for (const arbitrated of [true, false]) {
          wanted.push({ amount, sellerBps, protocolFeeBps, arbitrationFeeBps, arbitrated })
        }
      }
    }
  }
  return {
    cases: wanted.map((given) => {
      const { arbitration, protocol, seller, buyer } = splitOf(given)
      return {
        amount: String(given.amount),
        sellerBps: String(given.sellerBps),
        protocolFeeBps: String(given.protocolFeeBps),
        arbitrationFeeBps: String(given.arbitrationFeeBps),
        arbitrated: given.arbitrated,
        arbitration: String(arbitration),
        protocol: String(protocol),
        seller: String(seller),
        buyer: String(buyer),
      }
    }),
  }
}
