/** Shows each moment in the reader's own zone; the server's words stay as the title. */
export function localTimes(root: ParentNode): void {
  const format = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
  for (const element of root.querySelectorAll('time')) {
    const moment = new Date(element.dateTime)
    if (Number.isNaN(moment.getTime())) continue
    element.title = element.textContent ?? ''
    element.textContent = format.format(moment)
  }
}
