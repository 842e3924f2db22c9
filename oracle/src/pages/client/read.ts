import { localTimes } from './localTime.ts'

localTimes(document)
