import { expect, test } from 'vitest'
import { parametersPage } from './parameters-page.ts'

/** Written anew by `vitest run -u` after a rule has changed. */
test('docs/parameters.md says what the rules say', async () => {
  await expect(parametersPage()).toMatchFileSnapshot('../../docs/parameters.md')
})
