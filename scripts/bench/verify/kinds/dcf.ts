import { json, pdf } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'
import { mutateJson } from '../mutate.ts'
import { inJson, round, type Work } from './work.ts'

type Year = Record<
  'year' | 'growth' | 'revenue' | 'margin' | 'freeCashFlow' | 'presentValue',
  number
>
type Scenario = Record<'revenueGrowth' | 'margin' | 'valuePerShare', number>
type Model = Record<
  | 'wacc'
  | 'terminalGrowth'
  | 'terminalValue'
  | 'terminalPresentValue'
  | 'enterpriseValue'
  | 'equityValue'
  | 'valuePerShare',
  number
> & { years: Year[] }
type Row = Record<'wacc' | 'growth2' | 'growth3' | 'growth4', number>
interface Analysis {
  company: string
  period: string
  dcfModel: Model
  scenarios: Record<'base' | 'bull' | 'bear', Scenario>
  sensitivityTable: Row[]
}

interface Books {
  lastRevenue: number
  netDebt: number
  shares: number
}

const sum = (list: readonly number[]) => list.reduce((total, each) => total + each, 0)

/** The model as an analyst writes it down: from growth and margin forward. */
function model(
  books: Books,
  view: { growth: number[]; margin: number[]; wacc: number; terminal: number },
) {
  let revenue = books.lastRevenue
  const years = view.growth.map((growth, index) => {
    revenue *= 1 + growth / 100
    const margin = view.margin[index] ?? 0
    const freeCashFlow = (revenue * margin) / 100
    const presentValue = freeCashFlow / (1 + view.wacc / 100) ** (index + 1)
    return { year: 2026 + index, growth, revenue, margin, freeCashFlow, presentValue }
  })
  const last = years.at(-1)?.freeCashFlow ?? 0
  const terminalValue = (last * (1 + view.terminal / 100)) / ((view.wacc - view.terminal) / 100)
  const terminalPresentValue = terminalValue / (1 + view.wacc / 100) ** years.length
  const enterpriseValue = sum(years.map((each) => each.presentValue)) + terminalPresentValue
  const equityValue = enterpriseValue - books.netDebt
  return {
    wacc: view.wacc,
    terminalGrowth: view.terminal,
    years,
    terminalValue,
    terminalPresentValue,
    enterpriseValue,
    equityValue,
    valuePerShare: equityValue / books.shares,
  }
}

function analyse(books: Books, chance: Chance): Omit<Analysis, 'company' | 'period'> {
  const wacc = chance.whole(750, 1250) / 100
  const terminal = chance.whole(100, 350) / 100
  const growth = Array.from({ length: 5 }, () => chance.whole(200, 1400) / 100)
  const margin = Array.from({ length: 5 }, () => chance.whole(800, 2500) / 100)
  const dcfModel = model(books, { growth, margin, wacc, terminal })
  const worth = (flat: { growth: number; margin: number }) =>
    model(books, {
      growth: growth.map(() => flat.growth),
      margin: margin.map(() => flat.margin),
      wacc,
      terminal,
    }).valuePerShare
  const revenues = dcfModel.years.map((each) => each.revenue)
  const flows = dcfModel.years.map((each) => each.freeCashFlow)
  const yearly = 100 * (((revenues[4] ?? 0) / books.lastRevenue) ** (1 / 5) - 1)
  const mean = (100 * sum(flows)) / sum(revenues)
  const last = margin[4] ?? 0
  const bull = {
    growth: round(yearly + chance.whole(100, 300) / 100),
    margin: round(Math.max(mean, last) + 3),
  }
  const bear = {
    growth: round(yearly - chance.whole(100, 300) / 100),
    margin: round(Math.min(mean, last) - 3),
  }
  const scenario = (flat: typeof bull) => ({
    revenueGrowth: flat.growth,
    margin: flat.margin,
    valuePerShare: worth(flat),
  })
  return {
    dcfModel,
    scenarios: {
      base: { revenueGrowth: yearly, margin: mean, valuePerShare: dcfModel.valuePerShare },
      bull: scenario(bull),
      bear: scenario(bear),
    },
    sensitivityTable: [8, 9, 10, 11, 12].map((rate) => {
      const at = (terminalGrowth: number) =>
        model(books, { growth, margin, wacc: rate, terminal: terminalGrowth }).valuePerShare
      return { wacc: rate, growth2: at(2), growth3: at(3), growth4: at(4) }
    }),
  }
}

/** Honest sellers round to two decimals, or not at all. */
function rounded<T>(value: T): T {
  if (typeof value === 'number') return round(value) as T
  if (Array.isArray(value)) return value.map(rounded) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)])) as T
}

const NAMES = ['ACME', 'Globex', 'Initech', 'Umbrella', 'Hooli']
const inAnalysis = (change: (value: Analysis, chance: Chance) => void) =>
  inJson<Analysis>('analysis.json', change)
const inModel = (change: (value: Model, chance: Chance) => void) =>
  inAnalysis((value, chance) => change(value.dcfModel, chance))
const total = (value: Model) =>
  sum(value.years.map((each) => each.presentValue)) + value.terminalPresentValue
const summary = (lines: number) =>
  pdf(Array.from({ length: lines }, () => 'Summary of the model.').join(' '))

/** The source document's work. */
export const dcf: Work = {
  template: 'dcf-analysis',
  main: 'analysis.json',
  order(chance) {
    const lastRevenue = chance.whole(300, 90_000)
    const books = {
      lastRevenue,
      netDebt: Math.round(lastRevenue * (0.05 + 0.3 * chance.next())),
      shares: chance.whole(20, 900),
    }
    const company = chance.pick(NAMES)
    const period = `Q${chance.whole(1, 4)} 2026`
    const value = { company, period, ...analyse(books, chance) }
    const notes = chance.next() < 0.5 ? { notes: 'Rounded where shown.' } : {}
    const text = chance.next() < 0.5 ? rounded(value) : value
    return {
      parameters: {
        company,
        period,
        lastRevenue: String(books.lastRevenue),
        netDebt: String(books.netDebt),
        shares: String(books.shares),
      },
      files: {
        'analysis.json': json({ ...text, ...notes }),
        'summary.pdf': summary(chance.whole(50, 80)),
      },
    }
  },
  defects: {
    bearMissing: inAnalysis(({ scenarios }) => {
      Reflect.deleteProperty(scenarios, 'bear')
    }),
    bullEmpty: inAnalysis(({ scenarios }) => Object.assign(scenarios, { bull: {} })),
    fourYears: inModel(({ years }) => void years.pop()),
    sameYearTwice: inModel(({ years }) => {
      const [first, second] = years
      if (first && second) second.year = first.year
    }),
    numbersAsText: inModel((value) => Object.assign(value, { enterpriseValue: 'about 3 billion' })),
    tableCut: inAnalysis(({ sensitivityTable }) => void sensitivityTable.splice(2)),
    tableWithoutGrowth: inAnalysis(({ sensitivityTable }) => {
      for (const row of sensitivityTable) Reflect.deleteProperty(row, 'growth4')
    }),
    notDiscounted: inModel(({ years }) => {
      for (const each of years) each.presentValue = each.freeCashFlow
    }),
    discountedAtTheStart: inModel((value) => {
      for (const each of value.years) each.presentValue *= 1 + value.wacc / 100
    }),
    otherRate: inModel((value, chance) => {
      value.wacc = round(value.wacc + chance.pick([-1, 1, 2]))
    }),
    terminalWithoutGrowth: inModel((value) => {
      value.terminalValue /= 1 + value.terminalGrowth / 100
    }),
    terminalNotDiscounted: inModel((value) => {
      value.terminalPresentValue = value.terminalValue
      value.enterpriseValue = total(value)
    }),
    terminalLeftOut: inModel((value) => {
      value.enterpriseValue -= value.terminalPresentValue
    }),
    debtIgnored: inAnalysis(({ dcfModel, scenarios }) => {
      const shares = dcfModel.equityValue / dcfModel.valuePerShare
      dcfModel.equityValue = dcfModel.enterpriseValue
      dcfModel.valuePerShare = dcfModel.equityValue / shares
      scenarios.base.valuePerShare = dcfModel.valuePerShare
    }),
    inThousands: inModel(({ years }) => {
      for (const each of years) {
        each.revenue *= 1000
        each.freeCashFlow *= 1000
        each.presentValue *= 1000
      }
    }),
    ratesAsShares: inModel((value) => {
      value.wacc /= 100
      value.terminalGrowth /= 100
    }),
    growthAboveRate: inModel((value) => {
      value.terminalGrowth = value.wacc + 1
    }),
    revenueSkipsAYear: inModel(({ years }) => {
      const [, second, third] = years
      if (second && third) third.revenue = second.revenue
    }),
    cashFlowAboveRevenue: inModel(({ years }) => {
      const [first] = years
      if (first) first.freeCashFlow = first.revenue * 1.2
    }),
    bearIsBase: inAnalysis(({ scenarios }) => {
      scenarios.bear = { ...scenarios.base }
    }),
    scenariosSwapped: inAnalysis(({ scenarios }) => {
      const { bull, bear } = scenarios
      Object.assign(scenarios, { bull: bear, bear: bull })
    }),
    scenariosByFeel: inAnalysis(({ scenarios }) => {
      scenarios.bull.valuePerShare = round(scenarios.base.valuePerShare * 1.2)
      scenarios.bear.valuePerShare = round(scenarios.base.valuePerShare * 0.8)
    }),
    baseIsNotTheModel: inAnalysis(({ scenarios }) => {
      scenarios.base.valuePerShare *= 1.05
    }),
    tableUpsideDown: inAnalysis(({ sensitivityTable }) => {
      const rates = sensitivityTable.map((row) => row.wacc).reverse()
      for (const [index, row] of sensitivityTable.entries()) row.wacc = rates[index] ?? 0
    }),
    tableTransposed: inAnalysis(({ sensitivityTable }) => {
      for (const row of sensitivityTable) [row.growth2, row.growth4] = [row.growth4, row.growth2]
    }),
    tableOfOneValue: inAnalysis(({ sensitivityTable, dcfModel }) => {
      for (const row of sensitivityTable) {
        row.growth2 = row.growth3 = row.growth4 = round(dcfModel.valuePerShare)
      }
    }),
    tableInvented: inAnalysis(({ sensitivityTable }, chance) => {
      let value = 200
      for (const row of sensitivityTable) {
        row.growth2 = value
        row.growth3 = value + 5
        row.growth4 = value + 12
        value -= chance.whole(15, 25)
      }
    }),
    otherCompany: inAnalysis((value) => {
      value.company = `${value.company} Holdings`
    }),
    otherPeriod: inAnalysis((value) => {
      value.period = 'Q2 2019'
    }),
    invented: inAnalysis(({ dcfModel, scenarios }, chance) => {
      for (const each of dcfModel.years) {
        each.revenue = chance.whole(100, 999)
        each.freeCashFlow = chance.whole(10, 99)
        each.presentValue = chance.whole(10, 99)
      }
      scenarios.bear.valuePerShare = 1
    }),
    otherBooks: inModel(({ years }) => {
      for (const each of years) each.revenue *= 1.3
    }),
    summaryMissing: ({ files }) => ({ 'analysis.json': files['analysis.json'] ?? json({}) }),
    summaryOfOneLine: ({ files }) => ({ ...files, 'summary.pdf': pdf('See analysis.json') }),
    summaryCut: ({ files }, chance) => {
      const file = files['summary.pdf']
      if (file === undefined) return undefined
      const bytes = file.bytes.slice(
        0,
        Math.floor(file.bytes.length * (0.5 + 0.45 * chance.next())),
      )
      return { ...files, 'summary.pdf': { ...file, bytes } }
    },
  },
  mutate: mutateJson('analysis.json', [
    'company',
    'period',
    'dcfModel',
    'scenarios',
    'sensitivityTable',
  ]),
}
