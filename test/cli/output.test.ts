import { expect, onTestFinished, test, vi } from 'vitest'
import { createOutput } from '../../src/cli/output.ts'

test('progress that has not changed is not said again', () => {
  const lines: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    lines.push(String(line))
    return true
  })
  onTestFinished(() => spy.mockRestore())
  const output = createOutput(true)
  for (const text of ['waiting 2 s', 'waiting 2 s', 'waiting 1 s', 'waiting 2 s']) {
    output.progress(text)
  }
  expect(lines).toEqual(['waiting 2 s\n', 'waiting 1 s\n', 'waiting 2 s\n'])
})
