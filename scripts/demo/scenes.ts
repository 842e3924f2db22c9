import { committee } from './committee.ts'
import { ghost } from './ghost.ts'
import { happy } from './happy.ts'
import { jury } from './jury.ts'
import { owner } from './owner.ts'
import { partial } from './partial.ts'
import { pretender } from './pretender.ts'
import type { Scene } from './scene.ts'

/** The demo in its order. */
export const scenes: readonly Scene[] = [happy, ghost, partial, pretender, jury, committee, owner]
