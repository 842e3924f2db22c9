// First of all, before a schema is made.
import './jitless.ts'

import { customer } from './customer.ts'
import { localTimes } from './localTime.ts'
import { moderation } from './moderation.ts'
import { sayError } from './say.ts'
import { take } from './take.ts'
import { trade } from './trade.ts'

/** What each page can do beyond being read. */
const parts: Record<string, () => Promise<void> | void> = { customer, moderation, take, trade }

localTimes(document)
const part = parts[document.body.dataset.part ?? '']
if (part) Promise.resolve(part()).catch(sayError)
