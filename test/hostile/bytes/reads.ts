/**
 * Counts the DER values that are read, by standing in front of `DerReader.read`: the measure of a reader's work.
 */

import { DerReader } from '../../../lib/x509/der.ts'

export function readsOf(run: () => void): number {
  const { read } = DerReader.prototype
  let reads = 0
  DerReader.prototype.read = function counted(this: DerReader, tag) {
    reads += 1
    return read.call(this, tag)
  }
  try {
    run()
  } finally {
    DerReader.prototype.read = read
  }
  return reads
}
