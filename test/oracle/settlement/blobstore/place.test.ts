import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import { locationOf } from '../../../../oracle/src/settlement/blobstore/place.ts'

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }

describe('place', () => {
  test('bucket, prefix, endpoint and region come from one line; credentials never do', () => {
    assert.deepEqual(
      locationOf('s3://bucket/a/b/?endpoint=http://127.0.0.1:9000/&region=eu-1', credentials),
      {
        bucket: 'bucket',
        prefix: 'a/b/',
        region: 'eu-1',
        endpoint: 'http://127.0.0.1:9000',
        ...credentials,
      },
    )
    assert.deepEqual(locationOf('s3://bucket', { ...credentials, sessionToken: 't' }), {
      bucket: 'bucket',
      prefix: '',
      region: 'us-east-1',
      ...credentials,
      sessionToken: 't',
    })
  })

  const wrong: [string, string, object][] = [
    ['no bucket', 's3://', credentials],
    ['no credentials', 's3://bucket', {}],
    ['a parameter that nobody knows', 's3://bucket?secret=x', credentials],
    ['an endpoint that is no origin', 's3://bucket?endpoint=ftp://x', credentials],
    ['an endpoint with a path', 's3://bucket?endpoint=https://x/y', credentials],
  ]
  for (const [name, place, given] of wrong) {
    test(`error: ${name}`, () => {
      assert.throws(
        () => locationOf(place, given),
        (error) => isEarnestError(error, 'invalid_settings'),
      )
    })
  }
})
