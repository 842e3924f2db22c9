/** Lower-case hex without 0x, for what the vectors carry as bytes. */
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
