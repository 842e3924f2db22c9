import { config } from 'zod'

// Schemas are walked, never compiled: the policy of these pages lets no text become code.
config({ jitless: true })
