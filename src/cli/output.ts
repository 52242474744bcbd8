/** What commands print: results on stdout, everything else on stderr. */

export interface Output {
  /** The result: one line of JSON with `--json`, else the text. */
  result(document: object, text: string): void
  /** How far long work has come; never on stdout, and no line twice in a row. */
  progress(text: string): void
}

/** Prints as `--json` asks. Amounts may be bigint: they are written as decimal strings. */
export function createOutput(json: boolean): Output {
  let said = ''
  return {
    result(document, text) {
      process.stdout.write(`${json ? jsonLine(document) : text}\n`)
    },
    progress(text) {
      if (text === said) return
      said = text
      process.stderr.write(`${text}\n`)
    },
  }
}

/** One line of JSON. */
function jsonLine(document: object): string {
  return JSON.stringify(document, (_, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}

/** Lays rows out in columns: the first left, the others right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) =>
    Math.max(...rows.map((row) => (row[at] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
