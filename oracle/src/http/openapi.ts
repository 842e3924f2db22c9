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
  const schemas: Schemas = {}
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries<Route>(routes)) {
    const path = `${API_BASE}${route.path.replace(/:([a-zA-Z]+)/g, '{$1}')}`
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: operationOf(name, route, schemas),
    }
  }
  schemas.Problem = jsonSchema(problemSchema, schemas)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Earnest oracle',
      version: '1',
      description: `Oracle ${did}. Signed writes carry the four earnest headers; Idempotency-Key defaults to the nonce. Errors are problem details with a stable code. Who asks too often is answered 429 with Retry-After; an event stream resumes after its Last-Event-ID.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    paths,
    components: {
      schemas,
      responses: {
        Problem: { description: 'A problem (RFC 9457)', content: problemContent },
        TooMany: {
          description: 'Too many requests, or too much under way at once',
          headers: {
            'Retry-After': {
              description: 'Seconds after which to ask again',
              schema: { type: 'integer', minimum: 1 },
            },
          },
          content: problemContent,
        },
      },
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

/** Schemas by name, for what has to be referred to. */
type Schemas = Record<string, unknown>

const problemContent = {
  'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
}

function operationOf(name: string, route: Route, schemas: Schemas) {
  return {
    operationId: name,
    summary: summaries[name as RouteName],
    ...(route.signed && { security: [{ earnest: [] }] }),
    parameters: [
      ...parametersOf(route.params, 'path', schemas),
      ...parametersOf(route.query, 'query', schemas),
      ...(route.response === 'events' ? [headerOf('last-event-id', false)] : []),
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
            : { 'application/json': { schema: jsonSchema(route.body, schemas) } },
      },
    }),
    responses: {
      [route.status]: { description: 'Success', content: contentOf(route.response, schemas) },
      429: { $ref: '#/components/responses/TooMany' },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function contentOf(response: Route['response'], schemas: Schemas) {
  if (response === 'bytes') return { 'application/octet-stream': {} }
  if (response === 'events') return { 'text/event-stream': {} }
  return { 'application/json': { schema: jsonSchema(response, schemas) } }
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query', schemas: Schemas) {
  if (!schema) return []
  const { properties = {}, required = [] } = jsonSchema(schema, schemas)
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

/**
 * The schema of a shape. What refers to itself moves to the document's own schemas: a reference starts at the
 * document there and not at the schema, so that inside of it nobody would find it.
 */
function jsonSchema(schema: z.ZodType, schemas: Schemas): z.core.JSONSchema.BaseSchema {
  const { $defs = {}, ...plain } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  let text = JSON.stringify(plain)
  for (const [key, part] of Object.entries($defs)) {
    const from = JSON.stringify(`#/$defs/${key}`)
    const written = JSON.stringify(part)
    const known = Object.keys(schemas).find(
      (name) => JSON.stringify(schemas[name]) === written.replaceAll(from, referenceTo(name)),
    )
    const name = known ?? `Part${Object.keys(schemas).length + 1}`
    schemas[name] = JSON.parse(written.replaceAll(from, referenceTo(name)))
    text = text.replaceAll(from, referenceTo(name))
  }
  return JSON.parse(text)
}

function referenceTo(name: string): string {
  return JSON.stringify(`#/components/schemas/${name}`)
}
