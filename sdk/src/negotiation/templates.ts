import apiIntegration from '../../templates/api-integration.json' with { type: 'json' }
import codeFunction from '../../templates/code-function.json' with { type: 'json' }
import dataExtraction from '../../templates/data-extraction.json' with { type: 'json' }
import dataLookup from '../../templates/data-lookup.json' with { type: 'json' }
import dcfAnalysis from '../../templates/dcf-analysis.json' with { type: 'json' }
import documentReview from '../../templates/document-review.json' with { type: 'json' }
import invoiceTable from '../../templates/invoice-table.json' with { type: 'json' }
import textClassification from '../../templates/text-classification.json' with { type: 'json' }
import { decodeTemplate, type Template } from './template.ts'

export { lint, type Warning } from './lint.ts'
export { decodeTemplate, type Instance, instantiate, type Template } from './template.ts'

/** The templates that come with the SDK, by id. */
export const templates = {
  'api-integration': decodeTemplate(apiIntegration),
  'code-function': decodeTemplate(codeFunction),
  'data-extraction': decodeTemplate(dataExtraction),
  'data-lookup': decodeTemplate(dataLookup),
  'dcf-analysis': decodeTemplate(dcfAnalysis),
  'document-review': decodeTemplate(documentReview),
  'invoice-table': decodeTemplate(invoiceTable),
  'text-classification': decodeTemplate(textClassification),
} satisfies Record<string, Template>
