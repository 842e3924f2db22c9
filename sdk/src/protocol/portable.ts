import * as z from 'zod'
import { anchorRecordSchema } from './anchor.ts'
import { signedCredentialSchema, signedCredentialStatusSchema } from './credential.ts'
import type { Route } from './endpoint.ts'
import { importedSchema } from './trust.ts'

const id = z.string().min(1).max(200)

/** The routes by which a record leaves an oracle and comes to another. */
export const portableRoutes = {
  getCredential: {
    method: 'GET',
    path: '/trust/:id/credential',
    signed: false,
    params: z.strictObject({ id }),
    query: z.strictObject({
      domain: z.string().min(1).max(64).optional(),
      role: z.enum(['seller', 'buyer']).optional(),
    }),
    status: 200,
    response: signedCredentialSchema,
  },
  getCredentialStatus: {
    method: 'GET',
    path: '/credentials/:id',
    signed: false,
    params: z.strictObject({ id: z.uuid() }),
    status: 200,
    response: signedCredentialStatusSchema,
  },
  importCredential: {
    method: 'POST',
    path: '/trust/:id/imports',
    signed: true,
    params: z.strictObject({ id }),
    body: z.strictObject({ credential: signedCredentialSchema }),
    status: 201,
    response: importedSchema,
  },
  listAnchors: {
    method: 'GET',
    path: '/anchors',
    signed: false,
    query: z.strictObject({
      /** Only those of at least so many facts, the oldest first. */
      size: z.coerce.number().int().min(1).optional(),
    }),
    status: 200,
    response: z.object({ anchors: z.array(anchorRecordSchema) }),
  },
} as const satisfies Record<string, Route>
