import { DIMENSION_WEIGHTS, type Dimension } from '@earnest/sdk/protocol'

/** Every dimension, in the order of the published table (W-8). */
export const DIMENSIONS = Object.keys(DIMENSION_WEIGHTS) as Dimension[]
