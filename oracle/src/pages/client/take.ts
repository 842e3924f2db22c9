import { EarnestError, offerRoutes } from '@earnest/sdk/protocol'
import { write } from './api.ts'
import { signUp } from './customer.ts'
import { listKeys, personOf } from './key.ts'
import { byId, onSubmit, say } from './say.ts'

/** Milliseconds between two looks whether the seller's agent has confirmed. */
const LOOK = 1500
const LOOKS = 400

/** The page of an offer that names nobody: whoever takes it first gets it. */
export async function take(): Promise<void> {
  const { pact: pactId = '' } = document.body.dataset
  const [key] = await listKeys()
  if (!document.getElementById('take')) return
  if (!key) {
    byId('strangers').hidden = false
    onSubmit('sign-up', signUp)
    return
  }
  const claim = () =>
    write(personOf(key), `/offers/${pactId}/claims`, {
      body: {},
      answer: offerRoutes.claimOffer.response,
    })
  onSubmit('take', async () => {
    say('Taking the offer.')
    for (let look = 0; look < LOOKS; look++) {
      const own = (await claim()).claim?.pactHash
      if (own) {
        location.assign(`/offers/${own}`)
        return
      }
      say('It is kept for you. Waiting for the seller’s agent to confirm.')
      await new Promise((resolve) => setTimeout(resolve, LOOK))
    }
    throw new EarnestError('seller_silent', 'No confirmation')
  })
}
