/** Prints what solc's model checker says of test/contracts/proof/SplitProof.sol; ended from outside where it takes too long. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { CompilerError } from './compile.ts'

const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }
const proof = 'test/contracts/proof/SplitProof.sol'
const names = [proof, 'contracts/src/libraries/SplitLib.sol']

const { errors = [] } = JSON.parse(
  solc.compile(
    JSON.stringify({
      language: 'Solidity',
      sources: Object.fromEntries(
        names.map((name) => [name, { content: readFileSync(name, 'utf8') }]),
      ),
      settings: {
        // Complete here: the claims have neither loops nor state. CHC finds no answer for divisions.
        modelChecker: {
          engine: 'bmc',
          solvers: ['z3'],
          targets: ['assert'],
          timeout: 0,
          showUnproved: true,
          showProvedSafe: true,
          contracts: { [proof]: ['SplitProof', 'SplitFallacy'] },
        },
        outputSelection: {},
      },
    }),
  ),
) as { errors?: CompilerError[] }

const text = readFileSync(proof, 'utf8')
const fallacies = text.indexOf('contract SplitFallacy')
const said = (answer: RegExp, isFallacy: boolean) =>
  errors.filter(
    ({ message, sourceLocation }) =>
      answer.test(message) && (sourceLocation?.start ?? 0) > fallacies === isFallacy,
  ).length

console.log(
  JSON.stringify({
    claims: text.slice(0, fallacies).match(/\bassert\(/g)?.length ?? 0,
    proved: said(/Assertion violation check is safe/, false),
    fallacies: text.slice(fallacies).match(/\bassert\(/g)?.length ?? 0,
    refuted: said(/Assertion violation happens here/, true),
  }),
)
