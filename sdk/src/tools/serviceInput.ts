import * as z from 'zod'

/** A service, as a model names it. */
export const serviceId = z
  .string()
  .min(1)
  .max(100)
  .describe('As create_service or list_services gave it.')
/** One part of a service. */
export const milestone = z
  .int()
  .min(0)
  .max(65_535)
  .optional()
  .describe('Part of the service, from 0; leave it out where there is only one.')
