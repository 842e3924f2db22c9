import { EarnestError, hashBytes, routes } from '@earnest/sdk/protocol'
import { write } from './api.ts'
import type { Trade } from './bring.ts'
import { byId, say, sayError } from './say.ts'

/** Opens the delivered files to this customer; each is checked against the hash that stands on chain. */
export async function openFiles({ person, escrowId }: Trade): Promise<void> {
  const { grants } = await write(await person(), `/escrows/${escrowId}/grants`, {
    body: {},
    answer: routes.grantArtifacts.response,
  })
  const list = byId('files')
  list.replaceChildren(
    ...grants.map(({ name, url, size, sha256 }) => {
      const item = document.createElement('li')
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = `Save ${name}`
      const about = document.createElement('div')
      about.className = 'soft'
      about.textContent = `${size.toLocaleString('en')} bytes`
      button.addEventListener('click', () => {
        save({ name, url, sha256 }, about).catch(sayError)
      })
      item.append(button, about)
      return item
    }),
  )
  say('The files are open for a quarter of an hour.')
}

async function save(
  { name, url, sha256 }: { name: string; url: string; sha256: string },
  about: HTMLElement,
): Promise<void> {
  const path = new URL(url).pathname
  const answer = await fetch(path, { credentials: 'omit' })
  if (!answer.ok) throw new EarnestError('grant_expired', name)
  const bytes = new Uint8Array(await answer.arrayBuffer())
  if (hashBytes(bytes) !== sha256) throw new EarnestError('file_changed', name)
  // Only saved, never shown: what a seller delivers gets no room on this page.
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  link.download = name.split('/').at(-1) ?? name
  link.click()
  URL.revokeObjectURL(link.href)
  about.textContent = 'Saved; its content is what was delivered.'
}
