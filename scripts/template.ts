/**
 * `npm run -s template`: the task templates and their parameters. `npm run -s template -- <id> name=value …`
 * fills one in and prints the task as JSON: amounts and times as on the wire, deposits in base64. What its
 * text leaves open goes to the error output. Exit code 1 and one line where a parameter is missing,
 * unknown or wrong.
 */
import { formatUsdc, formatUtc, isEarnestError } from '@earnest/sdk/protocol'
import { instantiate, lint, type Template, templates } from '@earnest/sdk/templates'

const [id, ...words] = process.argv.slice(2)

if (id === undefined) {
  for (const { id: name, title, parameters } of Object.values(templates)) {
    console.log(`${name}: ${title}`)
    for (const [parameter, meaning] of Object.entries(parameters)) {
      console.log(`  ${parameter}=  ${meaning}`)
    }
  }
} else {
  try {
    print(id, words)
  } catch (error) {
    if (!isEarnestError(error)) throw error
    console.error(`${error.code}: ${error.message}`)
    process.exitCode = 1
  }
}

function print(name: string, given: readonly string[]): void {
  const template = new Map<string, Template>(Object.entries(templates)).get(name)
  if (template === undefined) {
    console.error(`unknown_template: want one of ${Object.keys(templates).join(', ')}`)
    process.exitCode = 1
    return
  }
  const parameters = Object.fromEntries(
    given.map((word) => {
      const at = word.indexOf('=')
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)]
    }),
  )
  const { task, paymentUsdc } = instantiate(template, {
    parameters,
    now: Math.floor(Date.now() / 1000),
  })
  const { deadline, deposits = [], ...rest } = task
  const wire = {
    ...rest,
    deadlineUtc: formatUtc(deadline),
    paymentUsdc: formatUsdc(paymentUsdc),
    ...(deposits.length > 0 && {
      deposits: deposits.map((bytes) => Buffer.from(bytes).toString('base64')),
    }),
  }
  console.log(JSON.stringify(wire, null, 2))
  for (const { code, where, message } of lint(task))
    console.error(`${code} at ${where}: ${message}`)
}
