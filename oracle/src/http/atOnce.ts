/** What may be under way at once, for all clients and for each. */
export type AtOnce = {
  /** Bytes of bodies in memory. */
  bytes: Share
  /** Files that are being uploaded. */
  uploads: Share
  /** Listeners to events. */
  streams: Share
}
type Share = { total: number; each: number }

const MIB = 1024 * 1024
/** Room for what one machine with a gigabyte does beside its database. */
export const AT_ONCE: AtOnce = {
  bytes: { total: 64 * MIB, each: 40 * MIB },
  uploads: { total: 64, each: 16 },
  streams: { total: 2000, each: 64 },
}
