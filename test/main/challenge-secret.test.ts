import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { challengeSecret } from '../../src/main/challenge-secret.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'level5-secret-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

test('gateways on one data folder share the secret; another folder has another', () => {
  const shared = folder()
  const first = challengeSecret(shared, randomBytes)
  expect(first).toHaveLength(32)
  expect(challengeSecret(shared, randomBytes)).toEqual(first)
  expect(challengeSecret(folder(), randomBytes)).not.toEqual(first)
})

test('only its owner reads it, and no draft is left beside it', () => {
  const path = folder()
  challengeSecret(path, randomBytes)
  challengeSecret(path, randomBytes)
  expect(readdirSync(path)).toEqual(['challenge-secret'])
  expect(statSync(join(path, 'challenge-secret')).mode & 0o777).toBe(0o600)
})

test('a file that is no secret is named and refused', () => {
  const path = folder()
  writeFileSync(join(path, 'challenge-secret'), 'short')
  expect(() => challengeSecret(path, randomBytes)).toThrow(/challenge-secret is not a secret/)
})
