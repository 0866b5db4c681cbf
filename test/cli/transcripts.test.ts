import { test } from 'node:test'
import { playTranscript } from './transcript.ts'

/** Transcripts that need nothing but their own files. */
for (const name of ['lint', 'explain', 'usage']) {
  test(`pinned-fetch: ${name}.txt`, () => playTranscript(new URL(`${name}.txt`, import.meta.url)))
}
