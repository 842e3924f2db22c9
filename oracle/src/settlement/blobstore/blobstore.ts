/** Where the sealed bytes of blobs lie; it never sees a plain byte or a key. One contract, several homes. */
export interface BlobStore {
  /** Which home a blob's row remembers. */
  kind: 'rows' | 'disk' | 's3'
  /**
   * Writes an object whole or not at all, holding a few chunks of it at a time. Throws what the source
   * throws, and `blob_store_unreachable` (retryable).
   */
  write(id: string, source: AsyncIterable<Uint8Array>): Promise<void>
  /**
   * The bytes from `from` up to, not including, `to`, in parts of any size. Throws `artifact_unreadable`
   * where the object is gone or shorter, `blob_store_unreachable` (retryable).
   */
  read(id: string, range: { from: number; to: number }): AsyncIterable<Uint8Array>
  /** Removes an object and what a broken write left of it; an object that is not there is no error. */
  drop(id: string): Promise<void>
}
