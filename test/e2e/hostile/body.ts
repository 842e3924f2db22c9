/** A body whose next byte always comes a little later. */
export function drip(): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval>
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => controller.enqueue(Uint8Array.of(0x20)), 20)
    },
    cancel() {
      clearInterval(timer)
    },
  })
}

/** A body that is cut. */
export function broken(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(Uint8Array.of(0x7b))
      setTimeout(() => controller.error(new TypeError('terminated')), 10)
    },
  })
}
