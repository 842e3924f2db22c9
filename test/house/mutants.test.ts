import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compile, type Sources } from '../../scripts/verify/compile.ts'
import { instrument } from '../../scripts/verify/instrument.ts'

const FILE = 'Toll.sol'
const SOURCE = `// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

contract Toll {
    error TooLittle(uint256 got, uint256 wanted);
    event Paid(address from, address to);

    mapping(address => uint256) public paid;
    address private owner;

    modifier onlyGovernance() {
        if (msg.sender != owner) revert();
        _;
    }

    function pay(address from, address to, uint256 amount) external onlyGovernance {
        if (amount < 10) revert TooLittle(amount, 10);
        paid[from] += amount;
        emit Paid(from, to);
    }

    function least(uint256 a, uint256 b) external pure returns (uint256 c) {
        assembly ("memory-safe") {
            c := b
            if lt(a, b) {
                c := a
            }
        }
    }
}
`

const sources: Sources = new Map([[FILE, SOURCE]])

function mutantsOf() {
  const ast = compile(sources, { '': ['ast'] }).sources[FILE]?.ast
  assert.ok(ast)
  return instrument(FILE, SOURCE, ast, 1)
}

describe('mutants', () => {
  test('each operator finds its places, and says what becomes of them', () => {
    const found = mutantsOf().mutants.map(({ scope, operator, was, becomes }) =>
      [scope, operator, was, becomes].join(' | '),
    )
    for (const expected of [
      'Toll.pay | dropped modifier | onlyGovernance | ',
      'Toll.pay | negated condition | amount < 10 | !(amount < 10)',
      'Toll.pay | dropped check | amount < 10 | false',
      'Toll.pay | boundary | amount < 10 | amount <= 10',
      'Toll.pay | literal | 10 | uint256(10 + 1)',
      'Toll.pay | operator | paid[from] += amount | paid[from] -= amount',
      'Toll.pay | deleted statement | paid[from] += amount | ',
      'Toll.pay | swapped arguments | emit Paid(from, to) | emit Paid(to, from)',
      'Toll.pay | deleted statement | emit Paid(from, to) | ',
      'Toll.least | boundary | lt(a, b) | iszero(gt(a, b))',
      'Toll.least | deleted statement | c := a | ',
    ]) {
      assert.ok(found.includes(expected), `${expected}\nin\n${found.join('\n')}`)
    }
  })

  test('every mutant has an id of its own, and stands in the text once', () => {
    const { mutants, text } = mutantsOf()
    assert.deepEqual(
      mutants.map(({ id }) => id),
      mutants.map((_, index) => index + 1),
    )
    for (const { id } of mutants) {
      const places = text.match(
        new RegExp(`address\\(${id}\\)|mutant__\\(${id},|coinbase\\(\\), ${id}\\)`, 'g'),
      )
      assert.equal(places?.length, 1, `${id}`)
    }
  })

  test('all of them compile in one program', () => {
    const { errors = [] } = compile(new Map([[FILE, mutantsOf().text]]), {
      Toll: ['evm.bytecode.object'],
    })
    assert.deepEqual(
      errors.filter(({ severity }) => severity === 'error').map(({ message }) => message),
      [],
    )
  })
})
