const loaded = Number(document.body.dataset.now)

/** Unix seconds by the oracle's clock: what is signed must not depend on the clock of a phone. */
export function now(): number {
  return Math.floor(loaded + performance.now() / 1000)
}
