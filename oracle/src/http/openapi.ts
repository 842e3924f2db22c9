import {
  API_BASE,
  problemSchema,
  REQUEST_HEADERS,
  type Route,
  type RouteName,
  routes,
} from '@earnest/sdk/protocol'
import * as z from 'zod'
import { summaries } from './summaries.ts'

/** The OpenAPI 3.1 document, made of the same schemas that check every request. */
export function openApiDocument({ publicUrl, did }: { publicUrl: string; did: string }) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries<Route>(routes)) {
    const path = `${API_BASE}${route.path.replace(/:([a-zA-Z]+)/g, '{$1}')}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(name, route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Earnest oracle',
      version: '1',
      description: `Oracle ${did}. Signed writes carry the four earnest headers; Idempotency-Key defaults to the nonce. Errors are problem details with a stable code.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      schemas: { Problem: jsonSchema(problemSchema) },
      securitySchemes: {
        earnest: {
          type: 'apiKey',
          in: 'header',
          name: REQUEST_HEADERS.signature,
          description:
            'Ed25519 over method, path, audience, SHA-256 of the body, issue time and nonce',
        },
      },
    },
  }
}

function operationOf(name: string, route: Route) {
  return {
    operationId: name,
    summary: summaries[name as RouteName],
    ...(route.signed && { security: [{ earnest: [] }] }),
    parameters: [
      ...parametersOf(route.params, 'path'),
      ...parametersOf(route.query, 'query'),
      ...(route.signed
        ? [
            ...Object.values(REQUEST_HEADERS).map((header) => headerOf(header, true)),
            headerOf('idempotency-key', false),
          ]
        : []),
    ],
    ...(route.body && {
      requestBody: {
        required: true,
        content:
          route.body === 'bytes'
            ? { 'application/octet-stream': {} }
            : { 'application/json': { schema: jsonSchema(route.body) } },
      },
    }),
    responses: {
      [route.status]: { description: 'Success', content: contentOf(route.response) },
      default: {
        description: 'A problem (RFC 9457)',
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    },
  }
}

function contentOf(response: Route['response']) {
  if (response === 'bytes') return { 'application/octet-stream': {} }
  if (response === 'events') return { 'text/event-stream': {} }
  return { 'application/json': { schema: jsonSchema(response) } }
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query') {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema)
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function headerOf(name: string, required: boolean) {
  return { name, in: 'header', required, schema: { type: 'string' } }
}

function jsonSchema(schema: z.ZodType) {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}
