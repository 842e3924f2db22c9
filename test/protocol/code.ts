import assert from 'node:assert/strict'
import { isEarnestError } from '@earnest/sdk/protocol'

/** The work is refused with exactly this code. */
export function assertCode(work: () => unknown, code: string): void {
  assert.throws(work, (error) => {
    assert.ok(isEarnestError(error), String(error))
    assert.equal(error.code, code)
    return true
  })
}

/** The promise is refused with exactly this code. */
export async function assertCodeLater(work: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isEarnestError(error), String(error))
    assert.equal(error.code, code)
    return true
  })
}
