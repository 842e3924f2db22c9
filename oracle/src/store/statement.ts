import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCreator,
  type QueryExecutorProvider,
} from 'kysely'
import type { Db, Tx } from './store.ts'
import type { Tables } from './tables.ts'

/** What builds and compiles without a database. */
const drawingBoard = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

/** Stands in a statement where a value of that name goes. */
class Hole {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/**
 * A statement that is built once and run with other values each time: to build a short one costs more than
 * to run it. Every value is one parameter, so lists are arrays (`= any`), and nothing of its shape may hang
 * on a value.
 * @returns a function that runs it and gives its rows.
 */
export function statement<Values extends object, R>(
  build: (
    db: QueryCreator<Tables>,
    values: Values,
  ) => { compile(provider: QueryExecutorProvider): CompiledQuery<R> },
): (db: Db | Tx, values: Values) => Promise<R[]> {
  let built: CompiledQuery<R> | undefined
  return async (db, values) => {
    built ??= build(drawingBoard, holesOf<Values>()).compile(drawingBoard)
    const parameters = built.parameters.map((parameter) =>
      parameter instanceof Hole ? values[parameter.name as keyof Values] : parameter,
    )
    return (await db.executeQuery<R>({ ...built, parameters })).rows
  }
}

/** Any name of a value is a hole of that name. */
function holesOf<Values extends object>(): Values {
  return new Proxy({} as Values, { get: (_, name) => new Hole(String(name)) })
}
