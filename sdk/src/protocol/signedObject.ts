import * as z from 'zod'

/**
 * An object that its author signs as a whole and a reader only reads: what a newer author adds to it stays
 * where it is, so that the signature is checked over all that came; by its type nobody knows of it.
 */
export function signedObject<S extends z.core.$ZodLooseShape>(
  shape: S,
): z.ZodObject<S, z.core.$strict> {
  return z.looseObject(shape) as unknown as z.ZodObject<S, z.core.$strict>
}
