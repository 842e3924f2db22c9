import { json } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'
import { mutateJson } from '../mutate.ts'
import { inJson, money, type Work } from './work.ts'

interface Fields {
  item: string
  quantity: number
  price: number
  date: string
}
interface Row {
  id: string
  source: string
  quote: string
  fields: Fields
}
interface Table {
  rows: Row[]
  documents: { name: string; records: number }[]
}

const KINDS = ['steel', 'oak', 'blue', 'spare', 'rubber', 'safety', 'copper', 'desk']
const THINGS = ['bolts', 'panels', 'gloves', 'hinges', 'cables', 'lamps', 'filters', 'brackets']
const SCHEMA = {
  type: 'object',
  required: ['item', 'quantity', 'price', 'date'],
  properties: {
    item: { type: 'string', minLength: 3 },
    quantity: { type: 'integer', minimum: 1 },
    price: { type: 'number', exclusiveMinimum: 0 },
    date: { type: 'string', pattern: '^\\d{4}-\\d\\d-\\d\\d$' },
  },
}

const grouped = (cents: number) => money(cents).replace(/\B(?=(\d{3})+(?!\d))/g, ',')

function write(chance: Chance, layout: number): { quote: string; fields: Fields } {
  const item = `${chance.pick(KINDS)} ${chance.pick(THINGS)} ${chance.whole(10, 999)}`
  const quantity = chance.whole(2, 400)
  const cents = chance.whole(150, 250_000)
  const date = `2026-${String(chance.whole(1, 12)).padStart(2, '0')}-${String(chance.whole(1, 28)).padStart(2, '0')}`
  const quote = [
    `${date}  ${item}  ${quantity} pcs at ${grouped(cents)} EUR`,
    `On ${date} we shipped ${quantity} units of ${item}, each for ${grouped(cents)} euros.`,
    `${item} | ${date} | ${quantity} | ${grouped(cents)}`,
  ][layout]
  return { quote: quote ?? '', fields: { item, quantity, price: cents / 100, date } }
}

const inTable = (change: (value: Table, chance: Chance) => void) =>
  inJson<Table>('rows.json', change)
const inRow = (change: (row: Row, table: Table, chance: Chance) => void) =>
  inTable((table, chance) => change(chance.pick(table.rows), table, chance))

/** Records out of plain text, each with its passage. */
export const extraction: Work = {
  template: 'data-extraction',
  main: 'rows.json',
  order(chance) {
    const documents = Array.from({ length: chance.whole(2, 4) }, (_, index) => {
      const layout = chance.whole(0, 2)
      const records = Array.from({ length: chance.whole(6, 14) }, () => write(chance, layout))
      const name = `delivery-${index + 1}.txt`
      const lines = records.map(({ quote }) => quote)
      const text = `Delivery note ${chance.whole(100, 999)}\n\n${lines.join('\n')}\n\nThank you.\n`
      return { name, text, records }
    })
    const rows = documents.flatMap(({ name, records }, at) =>
      records.map(({ quote, fields }, index) => ({
        id: `${at}-${index}`,
        source: name,
        quote,
        fields,
      })),
    )
    const known = rows.filter((_, index) => index % 3 === 0).map(({ fields }) => fields)
    const listed = documents.map(({ name, records }) => ({ name, records: records.length }))
    return {
      parameters: {
        subject: 'delivered item',
        documents: JSON.stringify(documents.map(({ name, text }) => ({ name, text }))),
        fields: JSON.stringify(SCHEMA),
        minimumRows: String(Math.floor(rows.length * 0.9)),
        known: JSON.stringify(known),
      },
      files: { 'rows.json': json({ rows, documents: listed }) },
    }
  },
  defects: {
    invented: inTable(({ rows, documents }) => {
      const [first] = documents
      if (!first) return
      const fields = { item: 'brass valves 77', quantity: 3, price: 19.5, date: '2026-05-05' }
      rows.push({ id: 'x', source: first.name, quote: 'brass valves 77, 3 pcs at 19.50', fields })
      first.records += 1
    }),
    digitsTurned: inRow(({ fields }) => {
      fields.price = Number(String(fields.price).replace(/^(\d)(\d)/, '$2$1')) + 1
    }),
    decimalsLost: inRow(({ fields }) => {
      fields.price = Math.floor(fields.price) + (Number.isInteger(fields.price) ? 1 : 0)
    }),
    thousandsRead: inRow(({ fields }) => {
      fields.price = fields.price / 1000
    }),
    quoteInOwnWords: inRow((row) => {
      row.quote = `The note lists ${row.fields.quantity} of ${row.fields.item} for ${row.fields.price}, ${row.fields.date}`
    }),
    quoteOfAnother: inRow((row, { rows }) => {
      const other = rows.find(({ quote }) => quote !== row.quote)
      if (other) row.quote = other.quote
    }),
    quoteOfEverything: inTable(({ rows }) => {
      const text = rows.map(({ quote }) => quote).join('\n')
      for (const row of rows) row.quote = text
    }),
    quoteLeftOut: inRow((row) => Reflect.deleteProperty(row, 'quote')),
    valueOfTheNextLine: inTable(({ rows }) => {
      const prices = rows.map(({ fields }) => fields.price)
      for (const [index, { fields }] of rows.entries()) {
        fields.price = prices[(index + 1) % prices.length] ?? 0
      }
    }),
    sourceUnknown: inRow((row) => {
      row.source = 'delivery-99.txt'
    }),
    sourceOfAnother: inRow((row, { documents }) => {
      row.source = documents.find(({ name }) => name !== row.source)?.name ?? ''
    }),
    recordTwice: inTable(({ rows, documents }, chance) => {
      const row = chance.pick(rows)
      rows.push({ ...row, id: 'again' })
      const listed = documents.find(({ name }) => name === row.source)
      if (listed) listed.records += 1
    }),
    sameId: inTable(({ rows }) => {
      const [first, second] = rows
      if (first && second) second.id = first.id
    }),
    documentSkipped: inTable((table) => {
      const [first] = table.documents
      table.rows = table.rows.filter(({ source }) => source !== first?.name)
      table.documents = table.documents.slice(1)
    }),
    pageSkipped: inTable((table) => {
      table.rows = table.rows.slice(0, Math.floor(table.rows.length * 0.6))
      for (const each of table.documents) {
        each.records = table.rows.filter(({ source }) => source === each.name).length
      }
    }),
    countsWrong: inTable(({ documents }, chance) => {
      chance.pick(documents).records += chance.pick([-1, 1])
    }),
    documentsNotListed: inTable((table) => {
      table.documents = []
    }),
    fieldLeftOut: inRow(({ fields }, _, chance) => {
      Reflect.deleteProperty(fields, chance.pick(['item', 'quantity', 'price', 'date']))
    }),
    fieldEmptied: inRow(({ fields }) => Object.assign(fields, { item: null })),
    numbersAsText: inRow(({ fields }) =>
      Object.assign(fields, { quantity: String(fields.quantity) }),
    ),
    dateTurned: inRow(({ fields }) => {
      fields.date = fields.date.split('-').reverse().join('-')
    }),
    dateOfToday: inTable(({ rows }) => {
      for (const { fields } of rows) fields.date = '2026-11-21'
    }),
    itemShortened: inRow(({ fields }) => {
      fields.item = fields.item.slice(0, -2)
    }),
    rowsAsObject: inTable((table) => Object.assign(table, { rows: { ...table.rows } })),
    noRows: inTable((table) => {
      table.rows = []
    }),
    quantityIsPrice: inRow(({ fields }) => {
      fields.quantity = Math.ceil(fields.price) + 500
    }),
  },
  mutate: mutateJson('rows.json', ['rows', 'documents'], ['id']),
}
