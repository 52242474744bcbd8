// `npm ci` refuses a lock that lacks a dependency, also one of another platform, which the registry at hand may not have.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Package {
  readonly version?: string
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Readonly<Record<string, Package>>
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Package
const places = Object.keys(lock.packages)

test('the lock has every optional dependency of every platform', () => {
  const wanted = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  )
  const missing = wanted.filter((name) => !places.some((at) => at.endsWith(`node_modules/${name}`)))
  expect(wanted.length).toBeGreaterThan(0)
  expect(missing).toEqual([])
})

test('the lock is that of package.json, and names no registry', () => {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    expect(lock.packages['']?.[kind]).toEqual(manifest[kind])
  }
  expect(Object.values(lock.packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
})
