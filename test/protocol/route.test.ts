import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonSchemaOf, pathOf, type Route, routes } from '@earnest/sdk/protocol'

const all: [string, Route][] = Object.entries(routes)

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

  test('parameters are escaped', () => {
    assert.equal(
      pathOf('getTrust', { id: 'did:key:z6/..?' }),
      '/api/v1/trust/did%3Akey%3Az6%2F..%3F',
    )
  })
})
