/** The report of a conformance run as a person reads it. Pure. */
import type { ConformanceReport, PropertyReport } from '../../conformance/report.ts'

const WORDS = { held: 'held', broken: 'BROKEN', not_applicable: 'not applicable' } as const

/** One line a property, then the first case of each broken one, then the counts. */
export function reportText({ properties }: ConformanceReport): string {
  const idWidth = widest(properties.map(({ id }) => id))
  const titleWidth = widest(properties.map(({ title }) => title))
  const resultWidth = widest(Object.values(WORDS))
  const lines = properties.map((property) => {
    const { id, title, result, cases, reason } = property
    const row = [
      id.padEnd(idWidth),
      title.padEnd(titleWidth),
      WORDS[result].padEnd(resultWidth),
      result === 'not_applicable' ? (reason ?? '') : `${cases} ${cases === 1 ? 'case' : 'cases'}`,
    ]
    return row.join('  ').trimEnd()
  })
  const found = properties.filter(({ result }) => result === 'broken').map(brokenText)
  return [...lines, '', ...found, summary(properties)].join('\n')
}

function brokenText({ id, title, evidence }: PropertyReport): string {
  return `${id} ${title}: broken\n  ${evidence}\n`
}

function summary(properties: readonly PropertyReport[]): string {
  const count = (wanted: PropertyReport['result']) =>
    properties.filter(({ result }) => result === wanted).length
  const cases = properties.reduce((sum, property) => sum + property.cases, 0)
  return `${count('held')} held, ${count('broken')} broken, ${count('not_applicable')} not applicable; ${cases} cases`
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length))
}
