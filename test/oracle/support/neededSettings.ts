const somebody = `0x${'11'.repeat(20)}`
const secret = `0x${'21'.repeat(32)}`

/** What an oracle cannot start without; its node is away. */
export const neededSettings = {
  EARNEST_RPC_URL: 'http://127.0.0.1:9',
  EARNEST_ESCROW: somebody,
  EARNEST_TOKEN: somebody,
  EARNEST_ARBITERS: somebody,
  EARNEST_FEE_RECIPIENTS: somebody,
  EARNEST_ORACLE_KEY: secret,
  EARNEST_SENDER_KEY: secret,
  EARNEST_ATTESTOR_KEYS: secret,
  EARNEST_ARTIFACT_KEY: secret,
}
