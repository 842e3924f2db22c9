/** A process that counts up under one key of a folder with others that do the same. */
import { createFileStore } from '../../../sdk/src/fileStore.ts'

const { FOLDER = '', TIMES = '0' } = process.env
const store = createFileStore({ folder: FOLDER })
for (let done = 0; done < Number(TIMES); ) {
  const before = await store.get('count')
  if (await store.swap('count', before, Number(before ?? 0) + 1)) {
    done++
    process.stdout.write('.')
  }
}
