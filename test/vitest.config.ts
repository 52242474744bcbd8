import { defineConfig } from 'vitest/config'

/** Three kinds of tests, by folder: what needs a chain, what needs whole processes, and the rest. */
const CHAIN = ['test/chain/**/*.test.ts']
const WHOLE_SYSTEM = ['test/end-to-end/**/*.test.ts', 'test/crash/**/*.test.ts']

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    globalSetup: ['test/support/build.ts'],
    // Most files wait for a chain or a process: two at a time fill two cores.
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['src/**', 'watcher/**'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...CHAIN, ...WHOLE_SYSTEM],
          testTimeout: 60_000,
          retry: 0,
        },
      },
      {
        extends: true,
        test: {
          name: 'chain',
          include: CHAIN,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry: 0,
        },
      },
      {
        extends: true,
        test: {
          name: 'system',
          include: WHOLE_SYSTEM,
          testTimeout: 120_000,
          hookTimeout: 60_000,
          retry: 0,
        },
      },
    ],
  },
})
