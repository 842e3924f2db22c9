import type { ReadClient } from '@earnest/sdk/escrow'
import hre from 'hardhat'
import { type Address, type Hex, sliceHex } from 'viem'
import { getCode } from 'viem/actions'

/** The code at an address beside what the sources compile to. */
export type CodeStanding = {
  stands: 'as compiled' | 'other code' | 'no code'
  /** The words that only a deployment knows (its immutables), each once. */
  words: Hex[]
}

/** Reads the code of `name` at `address`. */
export async function readStanding(
  client: ReadClient,
  { name, address }: { name: string; address: Address },
): Promise<CodeStanding> {
  const deployed = await getCode(client, { address })
  if (deployed === undefined) return { stands: 'no code', words: [] }
  const { deployedBytecode, immutableReferences } = await hre.artifacts.readArtifact(name)
  const places = Object.values(immutableReferences ?? {}).flat()
  const compiled = deployedBytecode as Hex
  if (deployed.length !== compiled.length) return { stands: 'other code', words: [] }
  const stands = blank(deployed, places) === blank(compiled, places) ? 'as compiled' : 'other code'
  const words = places.map(({ start, length }) => sliceHex(deployed, start, start + length))
  return { stands, words: [...new Set(words)] }
}

function blank(code: Hex, places: readonly { start: number; length: number }[]): Hex {
  let blanked = code
  for (const { start, length } of places) {
    const [from, to] = [2 + 2 * start, 2 + 2 * (start + length)]
    blanked = `${blanked.slice(0, from)}${'00'.repeat(length)}${blanked.slice(to)}` as Hex
  }
  return blanked
}
