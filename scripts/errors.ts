/** Prints docs/errors.md out of the cases of the hostile tests, or writes it: `npm run -s errors -- --write`. */
import { writeFileSync } from 'node:fs'
import { errorsPage } from './errors/page.ts'

if (process.argv.includes('--write')) writeFileSync('docs/errors.md', errorsPage())
else process.stdout.write(errorsPage())
