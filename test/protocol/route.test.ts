import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonSchemaOf, pathOf, type Route, routes } from '@earnest/sdk/protocol'

const all: [string, Route][] = Object.entries(routes)

interface Shape {
  type?: string
  properties?: Record<string, Shape>
  additionalProperties?: unknown
  items?: Shape
  anyOf?: Shape[]
  oneOf?: Shape[]
  allOf?: Shape[]
}

/** The outermost objects of a shape in which a member that nobody knows is refused. */
function strictIn(shape: Shape, at: string): string[] {
  const { properties, additionalProperties, items } = shape
  if (properties && additionalProperties === false) return [at]
  return [
    ...Object.entries(properties ?? {}).flatMap(([key, one]) => strictIn(one, `${at}.${key}`)),
    ...(items ? strictIn(items, `${at}[]`) : []),
    ...[shape.anyOf, shape.oneOf, shape.allOf].flatMap((each) =>
      (each ?? []).flatMap((one) => strictIn(one, at)),
    ),
  ]
}

describe('route', () => {
  test('no two routes answer one method and path', () => {
    const keys = all.map(([, { method, path }]) => `${method} ${path.replace(/:\w+/g, ':')}`)
    assert.equal(new Set(keys).size, keys.length)
  })

  for (const [name, route] of all) {
    test(`${name}: parameters are the ones of the path, every write is signed, schemas have a JSON form`, () => {
      const named = [...route.path.matchAll(/:(\w+)/g)].map(([, param]) => param)
      assert.deepEqual(Object.keys(route.params?.shape ?? {}), named)
      assert.ok(route.signed || route.method === 'GET')
      for (const schema of [route.params, route.query, route.body, route.response]) {
        if (schema === undefined || typeof schema === 'string') continue
        assert.ok(Object.keys(jsonSchemaOf(schema)).length > 0)
      }
    })
  }

  test('what a newer oracle adds to an answer is no reason to refuse it, but within what is hashed or signed in a version of its own', () => {
    const strict = new Set<string>()
    for (const [name, { response }] of all) {
      if (typeof response === 'string') continue
      for (const at of strictIn(jsonSchemaOf(response), name))
        strict.add(at.split('.').at(-1) ?? at)
    }
    assert.deepEqual([...strict].sort(), [
      'attestations[]',
      'binding',
      'claims[]',
      'conflicts[]',
      'defence',
      'getCredential',
      'getFullRecord',
      'getManifest[]',
      'getRecord',
      'getReport',
      'keyLog[]',
      'manifest[]',
      'pricing',
      'record',
      'report',
      'request',
      'settlement',
      'spotCheck',
      'statement',
      'terms',
    ])
  })

  test('a request with a member that nobody knows is refused, also where the answer is the same shape and more', () => {
    for (const [name, { params, query, body }] of all) {
      for (const schema of [params, query, body]) {
        if (schema === undefined || typeof schema === 'string') continue
        const result = schema.safeDecode({ nobodyKnows: 1 } as never)
        const codes = result.error?.issues.map(({ code }) => code) ?? []
        const isList = codes.includes('invalid_type') && schema.safeDecode([]).success
        assert.ok(isList || codes.includes('unrecognized_keys'), name)
      }
    }
  })

  test('parameters are escaped', () => {
    assert.equal(
      pathOf('getTrust', { id: 'did:key:z6/..?' }),
      '/api/v1/trust/did%3Akey%3Az6%2F..%3F',
    )
  })
})
