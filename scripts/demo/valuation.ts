import type { Task } from '@earnest/sdk/buyer'

/** What the analyst is asked to value. */
export interface Company {
  revenue: number
  growth: Record<'base' | 'bull' | 'bear', number>
  margin: number
  tax: number
  years: number
}

export const company: Company = {
  revenue: 120,
  growth: { base: 0.08, bull: 0.14, bear: 0.02 },
  margin: 0.22,
  tax: 0.25,
  years: 5,
}

/** Value today of `years` of free cash flow and a terminal value, in the unit of the revenue. */
export function value(
  { revenue, margin, tax, years }: Company,
  { growth, wacc, terminal }: { growth: number; wacc: number; terminal: number },
): number {
  let sales = revenue
  let cash = 0
  let present = 0
  for (let year = 1; year <= years; year++) {
    sales *= 1 + growth
    cash = sales * margin * (1 - tax)
    present += cash / (1 + wacc) ** year
  }
  const perpetuity = (cash * (1 + terminal)) / (wacc - terminal)
  return Math.round((present + perpetuity / (1 + wacc) ** years) * 100) / 100
}

/** The whole model: three scenarios and a table over discount and terminal growth. */
export function model(input: Company) {
  const scenario = (name: keyof Company['growth']) => ({
    growth: input.growth[name],
    value: value(input, { growth: input.growth[name], wacc: 0.1, terminal: 0.03 }),
  })
  const waccs = [0.08, 0.09, 0.1, 0.11, 0.12]
  const terminals = [0.02, 0.03, 0.04]
  return {
    dcfModel: { years: input.years, method: 'free cash flow with a Gordon perpetuity' },
    scenarios: { base: scenario('base'), bull: scenario('bull'), bear: scenario('bear') },
    sensitivityTable: waccs.map((wacc) => ({
      wacc,
      values: terminals.map((terminal) => ({
        terminal,
        value: value(input, { growth: input.growth.base, wacc, terminal }),
      })),
    })),
  }
}

/** The task: every criterion is one that code decides. */
export function valuationTask(deadline: number): Task {
  const file = 'deliverable.json'
  return {
    capability: 'dcf_modeling',
    description:
      'Discounted cash flow model over five years with base, bull and bear scenarios and a sensitivity table over WACC 8 to 12 % and terminal growth 2 to 4 %',
    input: { ...company },
    outputFormats: ['application/json'],
    acceptance: [
      {
        id: 'scenarios',
        description: 'A value for each of the base, bull and bear scenarios',
        weight: 60,
        verifier: {
          type: 'path',
          file,
          paths: ['/scenarios/base/value', '/scenarios/bull/value', '/scenarios/bear/value'],
        },
      },
      {
        id: 'sensitivity',
        description: 'Five discount rates with three terminal growth rates each',
        weight: 40,
        verifier: {
          type: 'schema',
          file,
          schema: {
            type: 'object',
            required: ['sensitivityTable'],
            properties: {
              sensitivityTable: {
                type: 'array',
                minItems: 5,
                items: {
                  type: 'object',
                  required: ['wacc', 'values'],
                  properties: { wacc: { type: 'number' }, values: { type: 'array', minItems: 3 } },
                },
              },
            },
          },
        },
      },
    ],
    deadline,
  }
}
