/**
 * Mutants of the contracts, all of them in one program. Each stands behind a test of the block's
 * coinbase: with coinbase N the code behaves as mutant N, with any other as it was written. So the
 * contracts are compiled once for all mutants, and a mutant is a run of the tests with its coinbase.
 */
import { type AstNode, childrenOf } from './compile.ts'

/** One change of one place. */
export interface Mutant {
  id: number
  file: string
  line: number
  /** Contract or library, and function. */
  scope: string
  operator: string
  was: string
  becomes: string
}

/** Text put around a range of the source. */
interface Wrap {
  start: number
  end: number
  before: string
  after: string
}

const SWAPPED: Record<string, string> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '==': '!=',
  '!=': '==',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '&&': '||',
  '||': '&&',
  '&': '|',
  '|': '&',
  '<<': '>>',
  '>>': '<<',
  '+=': '-=',
  '-=': '+=',
}
const BOUNDARIES = new Set(['<', '<=', '>', '>='])
const YUL_SWAPPED: Record<string, (args: string) => string> = {
  lt: (args) => `iszero(gt(${args}))`,
  gt: (args) => `iszero(lt(${args}))`,
  eq: (args) => `iszero(eq(${args}))`,
  iszero: (args) => `iszero(iszero(${args}))`,
  add: (args) => `sub(${args})`,
  sub: (args) => `add(${args})`,
  and: (args) => `or(${args})`,
  or: (args) => `and(${args})`,
  shl: (args) => `shr(${args})`,
  shr: (args) => `shl(${args})`,
  mul: (args) => `add(${args})`,
}
/** Evaluating these twice, or not, would be another mutant than the one meant. */
const YUL_IMPURE = /\b(?:call|staticcall|delegatecall|create2?|mstore8?|sstore|tstore|log\d)\(/

/** The mutants of one file and its text with all of them in it; ids count on from `first`. */
export function instrument(
  file: string,
  source: string,
  ast: AstNode,
  first: number,
): { text: string; mutants: Mutant[] } {
  const bytes = Buffer.from(source, 'utf8')
  const mutants: Mutant[] = []
  const wraps: Wrap[] = []
  let scope = ''

  const range = (node: AstNode): [number, number] => {
    const [start = 0, length = 0] = node.src.split(':').map(Number)
    return [start, start + length]
  }
  const slice = (start: number, end: number) => bytes.subarray(start, end).toString('utf8')
  const text = (node: AstNode) => slice(...range(node))
  const wrap = (start: number, end: number, before: string, after: string) =>
    wraps.push({ start, end, before, after })

  function add(node: AstNode, operator: string, becomes: string): number {
    const [start] = range(node)
    const id = first + mutants.length
    const line = slice(0, start).split('\n').length
    mutants.push({ id, file, line, scope, operator, was: tidy(text(node)), becomes: tidy(becomes) })
    return id
  }

  /** An expression that has another value in the mutant. */
  function value(node: AstNode, operator: string, becomes: string): void {
    const id = add(node, operator, becomes)
    wrap(...range(node), `(block.coinbase == address(${id}) ? ${becomes} : (`, '))')
  }

  /** A statement that the mutant lacks, or has another for. */
  function statement(node: AstNode, operator: string, becomes: string): void {
    const id = add(node, operator, becomes)
    const [start, end] = range(node)
    const close = slice(end, end + 1) === ';' ? end + 1 : end
    const other = becomes === '' ? '' : ` else { ${becomes}; }`
    wrap(start, close, `{ if (block.coinbase != address(${id})) { `, ` }${other} }`)
  }

  function binary(node: AstNode): void {
    const operator = node.operator as string
    const [left, right] = [node.leftExpression, node.rightExpression] as AstNode[]
    const other = SWAPPED[operator]
    if (!left || !right || !other || (isLiteral(left) && isLiteral(right))) return
    const between = slice(range(left)[1], range(right)[0])
    const becomes = `${text(left)}${between.replace(operator, other)}${text(right)}`
    value(node, BOUNDARIES.has(operator) ? 'boundary' : 'operator', becomes)
  }

  /** The call with two neighbours of one type in each other's place. */
  function swapped(call: AstNode): string[] {
    const args = call.arguments as AstNode[]
    if (call.kind === 'typeConversion' || (call.names as string[]).length > 0) return []
    return args.slice(1).flatMap((second, i) => {
      const before = args[i] as AstNode
      if (typeOf(before) !== typeOf(second) || text(before) === text(second)) return []
      const [start, end] = range(call)
      const [a, b] = [range(before), range(second)]
      return [
        slice(start, a[0]) + text(second) + slice(a[1], b[0]) + text(before) + slice(b[1], end),
      ]
    })
  }

  function condition(node: AstNode): void {
    const test = node.condition as AstNode
    value(test, 'negated condition', `!(${text(test)})`)
    if (node.nodeType !== 'IfStatement') return
    value(test, reverts(node.trueBody as AstNode) ? 'dropped check' : 'never', 'false')
  }

  function expressionStatement(node: AstNode): void {
    const expression = node.expression as AstNode
    if (expression.nodeType === 'FunctionCall') {
      for (const becomes of swapped(expression)) statement(node, 'swapped arguments', becomes)
    } else if (expression.nodeType === 'Assignment') {
      const operator = expression.operator as string
      const other = SWAPPED[operator]
      // The compiler refuses a pointer that may stay unset.
      if (/ storage pointer$/.test(typeOf(expression))) return
      if (other) statement(node, 'operator', text(expression).replace(operator, other))
    }
    statement(node, 'deleted statement', '')
  }

  function visit(node: AstNode, parent: AstNode): void {
    switch (node.nodeType) {
      case 'ContractDefinition':
        scope = node.name as string
        if (node.contractKind === 'interface') return
        break
      case 'FunctionDefinition':
      case 'ModifierDefinition':
        if (!node.body) return
        inFunction(node)
        return
      case 'VariableDeclaration':
      case 'StructDefinition':
      case 'ErrorDefinition':
      case 'EventDefinition':
      case 'EnumDefinition':
      case 'UsingForDirective':
      case 'UserDefinedValueTypeDefinition':
      case 'InheritanceSpecifier':
      case 'ElementaryTypeName':
      case 'ArrayTypeName':
        return
      case 'InlineAssembly': {
        const [start] = range(node.AST as AstNode)
        wrap(start + 1, start + 1, YUL_SELECT, '')
        yul(node.AST as AstNode)
        return
      }
      case 'IfStatement':
      case 'Conditional':
        condition(node)
        break
      case 'BinaryOperation':
        binary(node)
        break
      case 'ExpressionStatement':
        expressionStatement(node)
        break
      case 'EmitStatement':
        for (const becomes of swapped(node.eventCall as AstNode))
          statement(node, 'swapped arguments', `emit ${becomes}`)
        statement(node, 'deleted statement', '')
        break
      case 'ForStatement':
        // Without its step a loop never ends, which proves nothing.
        if (node.condition) visit(node.condition as AstNode, node)
        visit(node.body as AstNode, node)
        return
      case 'Return': {
        const expression = node.expression as AstNode | null
        if (expression && typeOf(expression) === 'bool')
          value(expression, 'negated result', `!(${text(expression)})`)
        break
      }
      case 'FunctionCall':
        if (!isStatement(parent) && !/^tuple\((?!.*\)$.)|^tuple\(\)/.test(typeOf(node)))
          for (const becomes of swapped(node)) value(node, 'swapped arguments', becomes)
        break
      case 'Literal':
        if (node.kind === 'bool') value(node, 'literal', node.value === 'true' ? 'false' : 'true')
        else if (
          node.kind === 'number' &&
          !/^0/.test(text(node)) &&
          parent.nodeType !== 'Conditional'
        )
          // A zero is mostly "none" of a type that has no one; a choice of literals is of a small type.
          value(node, 'literal', `uint256(${text(node)} + 1)`)
        return
      default:
    }
    for (const child of childrenOf(node)) visit(child, node)
  }

  function inFunction(node: AstNode): void {
    const outer = scope
    const name = (node.name as string) || (node.kind as string)
    scope = outer === '' ? name : `${outer}.${name}`
    if (node.nodeType === 'ModifierDefinition') guard(node)
    else for (const used of (node.modifiers ?? []) as AstNode[]) unguarded(used)
    visit(node.body as AstNode, node)
    scope = outer
  }

  /** A modifier learns the coinbase with which one of its functions goes without its checks. */
  function guard(node: AstNode): void {
    const [start] = range(node)
    const name = start + slice(...range(node)).indexOf(node.name as string)
    const end = name + (node.name as string).length
    const body = range(node.body as AstNode)[0]
    wraps.push({ start: end, end: body, before: '(address unless) ', after: '' })
    for (const check of (node.body as { statements?: AstNode[] }).statements ?? []) {
      if (check.nodeType !== 'IfStatement') continue
      wrap(...range(check.condition as AstNode), 'block.coinbase != unless && (', ')')
    }
  }

  function unguarded(used: AstNode): void {
    if (used.kind !== 'modifierInvocation' || !GUARDS.test(text(used))) return
    const id = add(used, 'dropped modifier', '')
    const [, end] = range(used)
    wrap(end, end, `(address(${id}))`, '')
  }

  function yul(node: AstNode): void {
    if (node.nodeType === 'YulFunctionCall') {
      const name = (node.functionName as { name: string }).name
      const args = (node.arguments as AstNode[]).map(text).join(', ')
      const other = YUL_SWAPPED[name]
      if (other && !YUL_IMPURE.test(text(node))) {
        const becomes = other(args)
        const id = add(node, name === 'lt' || name === 'gt' ? 'boundary' : 'operator', becomes)
        wrap(...range(node), `mutant__(${id}, `, `, ${becomes})`)
      }
    } else if (
      node.nodeType === 'YulExpressionStatement' ||
      (node.nodeType === 'YulAssignment' && !/^\w+\.(?:offset|length)/.test(text(node)))
    ) {
      const id = add(node, 'deleted statement', '')
      wrap(...range(node), `if iszero(eq(coinbase(), ${id})) { `, ' }')
    } else if (node.nodeType === 'YulForLoop') {
      // As above.
      yul(node.condition as AstNode)
      yul(node.body as AstNode)
      return
    }
    for (const child of childrenOf(node)) yul(child)
  }

  for (const child of childrenOf(ast)) visit(child, ast)
  return { text: render(bytes, wraps), mutants }
}

/** In front of every block of assembly: one of two values, by the coinbase. */
const YUL_SELECT =
  ' function mutant__(n, was, other) -> is { is := was if eq(coinbase(), n) { is := other } } '

/** Modifiers whose loss for one function is a mutant; `GUARDED` gives OpenZeppelin's the parameter. */
const GUARDS = /^(?:nonReentrant|onlyGovernance|onlyArbiter)$/

/** Makes a source that is not ours take part: a guard that one function goes without. */
export function adopt(name: string, source: string): string {
  if (!name.endsWith('/ReentrancyGuardTransient.sol')) return source
  return source.replace(
    /modifier nonReentrant\(\) \{\s+_nonReentrantBefore\(\);/,
    'modifier nonReentrant(address unless) {\n        if (block.coinbase != unless) _nonReentrantBefore();',
  )
}

function render(bytes: Buffer, wraps: Wrap[]): string {
  const points = new Map<number, { closing: Wrap[]; opening: Wrap[] }>()
  const at = (position: number) => {
    const point = points.get(position) ?? { closing: [], opening: [] }
    points.set(position, point)
    return point
  }
  for (const wrap of wraps) {
    at(wrap.start).opening.push(wrap)
    if (wrap.end > wrap.start) at(wrap.end).closing.push(wrap)
  }
  // Outer ones open first and close last; of two around the same range, the later stands inside.
  const order = new Map(wraps.map((wrap, i) => [wrap, i]))
  const nth = (wrap: Wrap) => order.get(wrap) ?? 0
  let text = ''
  let last = 0
  for (const position of [...points.keys()].sort((a, b) => a - b)) {
    const { closing, opening } = at(position)
    text += bytes.subarray(last, position).toString('utf8')
    closing.sort((a, b) => b.start - a.start || nth(b) - nth(a))
    opening.sort((a, b) => b.end - a.end || nth(a) - nth(b))
    text += closing.map((wrap) => wrap.after).join('')
    text += opening
      .map((wrap) => wrap.before + (wrap.end === wrap.start ? wrap.after : ''))
      .join('')
    last = position
  }
  text += bytes.subarray(last).toString('utf8')
  // Reading the coinbase is not pure.
  return text
    .replace(/\bpure\b/g, 'view')
    .replace(/(modifier \w+)(\(address unless\) )\(\)/g, '$1$2')
}

const isLiteral = (node: AstNode) => /^(?:int|rational)_const/.test(typeOf(node))
const isStatement = (node: AstNode) =>
  node.nodeType === 'ExpressionStatement' ||
  node.nodeType === 'EmitStatement' ||
  node.nodeType === 'RevertStatement'
const typeOf = (node: AstNode) =>
  (node.typeDescriptions as { typeString?: string } | undefined)?.typeString ?? ''
const tidy = (text: string) => text.replace(/\s+/g, ' ')

function reverts(body: AstNode): boolean {
  const only = body.nodeType === 'Block' ? (body.statements as AstNode[])[0] : body
  return only?.nodeType === 'RevertStatement'
}
