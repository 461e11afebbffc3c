import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    // A test that needs a document says so in its first line: // @vitest-environment happy-dom
    environment: 'node',
    // A limit for what hangs, not for what is slow: other work may share the machine.
    testTimeout: 60_000,
    restoreMocks: true,
    unstubGlobals: true,
    benchmark: { include: ['test/**/*.bench.ts'] },
  },
});
