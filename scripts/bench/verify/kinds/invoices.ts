import { textFile } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'
import { otherLetter } from '../mutate.ts'
import { inText, money, type Work } from './work.ts'

const GOODS = ['Printer paper A4', 'Toner, black', 'Desk lamp', 'Whiteboard pens', 'USB cable 2 m']
const HEAD = 'invoice,date,description,quantity,unitPrice,amount'
const quoted = (cell: string) => (cell.includes(',') ? `"${cell}"` : cell)

/** Cells of a line without commas inside quotes apart; good enough for what is written here. */
const cellsOf = (line: string) => line.match(/"[^"]*"|[^,]+|(?<=,)(?=,|$)|^(?=,)/g) ?? []

const inLines = (change: (lines: string[], chance: Chance) => string[]) =>
  inText(
    'table.csv',
    (text, chance) => `${change(text.trim().split(/\r?\n/), chance).join('\n')}\n`,
  )

/** Changes one line of an invoice. */
const inLine = (change: (cells: string[], chance: Chance) => string[]) =>
  inLines((lines, chance) => {
    const at = chance.whole(1, lines.length - 2)
    return lines.map((line, index) =>
      index === at ? change(cellsOf(line), chance).join(',') : line,
    )
  })

const cell = (at: number, change: (text: string, chance: Chance) => string) =>
  inLine((cells, chance) =>
    cells.map((text, index) => (index === at ? change(text, chance) : text)),
  )

const inTotal = (change: (text: string) => string) =>
  inLines((lines) => [...lines.slice(0, -1), change(lines.at(-1) ?? '')])

/** Invoices as a table that adds up. */
export const invoices: Work = {
  template: 'invoice-table',
  main: 'table.csv',
  order(chance) {
    const list = Array.from({ length: chance.whole(2, 6) }, (_, index) => {
      const number = `R-${1000 + index * 7}`
      const date = `2026-0${chance.whole(1, 9)}-${chance.whole(10, 28)}`
      const goods = [...GOODS].slice(0, chance.whole(1, GOODS.length))
      const lines = goods.map((description) => {
        const quantity = chance.whole(1, 40)
        const unit = chance.whole(99, 90_000)
        return { description, quantity, unit, amount: quantity * unit }
      })
      const total = lines.reduce((sum, { amount }) => sum + amount, 0)
      const text = lines
        .map(({ description, quantity, unit }) => `${quantity} x ${description} @ ${money(unit)}`)
        .join('\n')
      return {
        number,
        date,
        total,
        lines,
        text: `Invoice ${number}\n${text}\nDue: ${money(total)}`,
      }
    })
    const rows = list.flatMap(({ number, date, lines }) =>
      lines.map(({ description, quantity, unit, amount }) =>
        [number, date, quoted(description), quantity, money(unit), money(amount)].join(','),
      ),
    )
    const sum = list.reduce((all, { total }) => all + total, 0)
    const end = chance.pick(['\n', '\r\n'])
    const text = [HEAD, ...rows, `TOTAL,,,,,${money(sum)}`].join(end)
    return {
      parameters: {
        invoices: JSON.stringify(
          list.map(({ number, date, total, text }) => ({
            number,
            date,
            total: money(total),
            text,
          })),
        ),
      },
      files: { 'table.csv': textFile(chance.next() < 0.5 ? text : text + end, 'text/csv') },
    }
  },
  defects: {
    amountWrong: cell(5, (text) => money(Number(text.replace('.', '')) + 100)),
    amountRounded: cell(5, (text) => `${Math.round(Number(text)) + 1}.00`),
    unitPriceWrong: cell(4, (text) => money(Number(text.replace('.', '')) + 10)),
    quantityWrong: cell(3, (text) => String(Number(text) + 1)),
    quantityInWords: cell(3, () => 'two'),
    quantityLeftOut: cell(3, () => ''),
    descriptionInOwnWords: cell(2, () => 'Office supplies'),
    descriptionLeftOut: cell(2, () => ''),
    dateTurned: cell(1, (text) => text.split('-').reverse().join('.')),
    dateOfToday: cell(1, () => '2026-11-21'),
    invoiceUnknown: cell(0, () => 'R-9999'),
    invoiceLeftOut: cell(0, () => ''),
    currencyInCell: cell(5, (text) => `${text} EUR`),
    decimalComma: cell(5, (text) => `"${text.replace('.', ',')}"`),
    lineLost: inLines((lines, chance) => lines.toSpliced(chance.whole(1, lines.length - 2), 1)),
    lineTwice: inLines((lines) => lines.toSpliced(1, 0, lines[1] ?? '')),
    lineTwiceAndAdded: inLines((lines) => {
      const [, first = ''] = lines
      const added = Number((cellsOf(first).at(-1) ?? '').replace('.', ''))
      const total = Number((lines.at(-1) ?? '').replace(/^.*,/, '').replace('.', ''))
      return [...lines.slice(0, -1), first, `TOTAL,,,,,${money(total + added)}`]
    }),
    lineInvented: inLines((lines) =>
      lines.toSpliced(2, 0, 'R-1000,2026-01-10,Shipping,1,9.90,9.90'),
    ),
    totalLost: inLines((lines) => lines.slice(0, -1)),
    totalWrong: inTotal((line) =>
      line.replace(/\d(?=\.)/, (digit) => String((Number(digit) + 1) % 10)),
    ),
    totalOfInvoicesTwice: inTotal((line) =>
      line.replace(/[\d.]+$/, (text) => money(2 * Number(text.replace('.', '')))),
    ),
    totalWithoutCents: inTotal((line) => line.replace(/\.\d\d$/, '')),
    totalNamedSum: inTotal((line) => line.replace('TOTAL', 'Sum')),
    headLost: inLines((lines) => lines.slice(1)),
    headTranslated: inLines((lines) => [
      'Rechnung,Datum,Beschreibung,Menge,Preis,Betrag',
      ...lines.slice(1),
    ]),
    columnsMoved: inLines((lines) =>
      lines.map((line) => {
        const [a = '', b = '', ...rest] = cellsOf(line)
        return [b, a, ...rest].join(',')
      }),
    ),
    columnLost: inLines((lines) => lines.map((line) => cellsOf(line).slice(0, 5).join(','))),
    semicolons: inText('table.csv', (text) => text.replaceAll(',', ';')),
    ragged: inLine((cells) => cells.slice(0, 5)),
    markdown: inLines((lines) => lines.map((line) => `| ${cellsOf(line).join(' | ')} |`)),
    oneInvoiceOnly: inLines((lines) => [
      ...lines.filter((line) => line.startsWith('invoice') || line.startsWith('R-1000')),
      lines.at(-1) ?? '',
    ]),
  },
  mutate: ({ files }, chance) => {
    const change = chance.pick([
      inLine((cells, luck) => {
        const at = luck.whole(0, 5)
        return cells.map((text, index) => (index === at ? otherLetter(text, luck) : text))
      }),
      inLine((cells, luck) => {
        const [one, other] = [luck.whole(0, 5), luck.whole(0, 5)]
        const moved = [...cells]
        ;[moved[one], moved[other]] = [cells[other] ?? '', cells[one] ?? '']
        return moved
      }),
      inLines((lines, luck) => lines.toSpliced(luck.whole(0, lines.length - 1), 1)),
      inLines((lines, luck) => {
        const at = luck.whole(1, lines.length - 1)
        return lines.toSpliced(at, 0, lines[at] ?? '')
      }),
      inTotal((line) => otherLetter(line, chance)),
    ])
    for (let tried = 0; tried < 20; tried++) {
      const changed = change({ files, parameters: {} }, chance)
      const plain = (each: typeof files | undefined) =>
        new TextDecoder().decode(each?.['table.csv']?.bytes).trim().replaceAll('\r', '')
      if (plain(changed) !== plain(files)) return changed
    }
    return undefined
  },
}
