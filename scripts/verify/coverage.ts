/**
 * Which lines and branches of the contracts do the tests reach? Statements are marked by Hardhat's
 * engine, whose own report (`npx hardhat test solidity --coverage`) knows no branches; so each decision
 * (the condition of an `if` or `? :`, the left side of `&&` and `||`) goes through a function of its
 * own first, which has a statement for either answer. Decisions within assembly are not seen.
 */
import { join } from 'node:path'
import {
  addStatementCoverageInstrumentation,
  latestSupportedSolidityVersion,
} from '@nomicfoundation/edr'
import { getCoverageLibrary } from '@nomicfoundation/edr/coverage'
import { writeArtifacts } from './artifacts.ts'
import { openBench } from './bench.ts'
import { type AstNode, childrenOf, compile, readSources, type Sources } from './compile.ts'
import { chunks, testFiles } from './files.ts'

export interface CoverageScore {
  lines: number
  linesReached: number
  branches: number
  branchesReached: number
  byFile: Record<string, Omit<CoverageScore, 'byFile' | 'missed'>>
  /** `file:line` of a line, with the decision and the answer that it never had of a branch. */
  missed: string[]
}

/** A place of a source that is passed or not. */
interface Mark {
  file: string
  line: number
  tag: string
  /** Of a branch: the decision and its answer. */
  branch?: string
}

/** A condition, and where in its source it stands. */
interface Decision {
  start: number
  end: number
  line: number
  text: string
}

const PATIENCE_MS = 1_800_000

/** Runs all tests but the slow campaigns on marked contracts. */
export async function cover(options: {
  scratch: string
  say: (line: string) => void
}): Promise<CoverageScore> {
  const artifacts = join(options.scratch, 'coverage')
  const bench = openBench(artifacts)
  try {
    const { marks, sources } = markAll(readSources())
    options.say(`compiling ${marks.length} marks`)
    writeArtifacts(artifacts, sources)
    const passed = new Set<string>()
    for (const files of chunks(testFiles())) {
      const trial = { files, marks: true, fuzzRuns: 16, invariant: { runs: 1, depth: 1 } }
      const outcome = await bench.run(trial, PATIENCE_MS)
      if (outcome === 'hung' || outcome.error || outcome.ran === 0)
        throw new Error(`the tests did not run: ${outcome === 'hung' ? 'hung' : outcome.error}`)
      for (const tag of outcome.marks ?? []) passed.add(tag)
      options.say(`${files.join(' ')}: ${marks.filter(({ tag }) => passed.has(tag)).length} passed`)
    }
    return scoreOf(marks, passed)
  } finally {
    bench.close()
  }
}

function scoreOf(marks: Mark[], passed: Set<string>): CoverageScore {
  const none = () => ({ lines: 0, linesReached: 0, branches: 0, branchesReached: 0 })
  const score: CoverageScore = { ...none(), byFile: {}, missed: [] }
  const count = (file: string, what: 'lines' | 'branches', reached: boolean) => {
    score.byFile[file] ??= none()
    for (const sum of [score, score.byFile[file]]) {
      sum[what] += 1
      if (reached) sum[`${what}Reached`] += 1
    }
  }
  // A line is reached where every statement that begins on it is.
  const lines = Map.groupBy(
    marks.filter(({ branch }) => branch === undefined),
    ({ file, line }) => `${file}:${line}`,
  )
  for (const [place, [first, ...others]] of lines) {
    if (!first) continue
    const reached = [first, ...others].every(({ tag }) => passed.has(tag))
    count(first.file, 'lines', reached)
    if (!reached) score.missed.push(place)
  }
  for (const { file, line, tag, branch } of marks) {
    if (branch === undefined) continue
    count(file, 'branches', passed.has(tag))
    if (!passed.has(tag)) score.missed.push(`${file}:${line} ${branch}`)
  }
  return score
}

function markAll(sources: Sources): { marks: Mark[]; sources: Sources } {
  const { sources: trees } = compile(sources, { '': ['ast'] })
  const library = getCoverageLibrary()
  const marks: Mark[] = []
  const marked: Sources = new Map([[library.filename, library.content]])
  for (const [name, source] of sources) {
    const tree = trees[name]
    if (!name.startsWith('contracts/src/') || !tree) marked.set(name, source)
    else {
      const made = mark(name, source, tree.ast)
      marks.push(...made.marks)
      marked.set(name, made.text)
    }
  }
  return { marks, sources: marked }
}

function mark(file: string, source: string, ast: AstNode): { marks: Mark[]; text: string } {
  const bytes = Buffer.from(source, 'utf8')
  const decisions = decisionsOf(bytes, ast)
  const body = wrap(bytes, decisions)
  const functions = decisions.map(
    (_, i) =>
      `function decide${i}__(bool is_) pure returns (bool) { if (is_) { return true; } return false; }`,
  )
  const whole = `${body}\n${functions.join('\n')}\n`
  const { source: text, metadata } = addStatementCoverageInstrumentation(
    whole,
    file,
    latestSupportedSolidityVersion(),
  )
  const answers = decisions.flatMap((decision) => [
    { ...decision, answer: 'true' },
    { ...decision, answer: 'false' },
  ])
  const marks = metadata.flatMap(({ tag, startUtf16, endUtf16 }): Mark[] => {
    const hex = Buffer.from(tag).toString('hex')
    const words = whole.slice(startUtf16, endUtf16)
    if (startUtf16 >= body.length) {
      if (!/^\s*return/.test(words)) return []
      const next = answers.shift()
      if (!next) throw new Error(`${file}: more answers than decisions`)
      return [{ file, line: next.line, tag: hex, branch: `${next.text} is ${next.answer}` }]
    }
    // What stands before a statement, comments among it, counts as part of it.
    const lead = /^(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*/.exec(words)?.[0].length ?? 0
    const line = whole.slice(0, startUtf16 + lead).split('\n').length
    return [{ file, line, tag: hex }]
  })
  if (answers.length > 0) throw new Error(`${file}: fewer answers than decisions`)
  return { marks, text }
}

function decisionsOf(bytes: Buffer, ast: AstNode): Decision[] {
  const decisions: Decision[] = []
  visit(ast)
  return decisions

  function visit(node: AstNode): void {
    if (node.nodeType === 'InlineAssembly') return
    if (node.nodeType === 'IfStatement' || node.nodeType === 'Conditional')
      add(node.condition as AstNode)
    if (node.nodeType === 'BinaryOperation' && /^(?:&&|\|\|)$/.test(node.operator as string))
      add(node.leftExpression as AstNode)
    for (const child of childrenOf(node)) visit(child)
  }

  function add(node: AstNode): void {
    const [start = 0, length = 0] = node.src.split(':').map(Number)
    const line = bytes.subarray(0, start).toString('utf8').split('\n').length
    const text = bytes
      .subarray(start, start + length)
      .toString('utf8')
      .replace(/\s+/g, ' ')
    decisions.push({ start, end: start + length, line, text })
  }
}

/** Each decision goes through the function of its number; outer ones open first and close last. */
function wrap(bytes: Buffer, decisions: Decision[]): string {
  const points = decisions.flatMap(({ start, end }, i) => [
    { at: start, rank: end - start, text: `decide${i}__(` },
    { at: end, rank: start - end, text: ')' },
  ])
  // At one place what closes comes first, and of two that open there the longer one.
  points.sort((a, b) => a.at - b.at || Number(a.rank > 0) - Number(b.rank > 0) || b.rank - a.rank)
  let text = ''
  let last = 0
  for (const point of points) {
    text += bytes.subarray(last, point.at).toString('utf8') + point.text
    last = point.at
  }
  return text + bytes.subarray(last).toString('utf8')
}
