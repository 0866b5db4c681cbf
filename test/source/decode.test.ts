/** From the content of a secret to a JSON value, or to an error that does not repeat the content. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findPinnedFetchError } from '../../lib/errors.ts'
import { decodeDocument, MAX_DOCUMENT_BYTES } from '../../lib/source/decode.ts'

const CONFIDENTIAL = 'correct-horse-battery-staple'

function refusal(content: string | Uint8Array) {
  try {
    decodeDocument(content, 'secret "s"')
  } catch (error) {
    const ours = findPinnedFetchError(error)
    assert.equal(ours?.code, 'ERR_POLICY_MALFORMED')
    return ours?.message ?? ''
  }
  assert.fail('it was decoded')
}

describe('a document', () => {
  it('is decoded from text and from bytes alike, white space and a byte order mark around it', () => {
    for (const text of ['{"a":[1]}', ' \r\n{"a":[1]}\n', '\u{feff}{"a":[1]}']) {
      assert.deepEqual(decodeDocument(text, 's'), { a: [1] })
      assert.deepEqual(decodeDocument(Buffer.from(text), 's'), { a: [1] })
      assert.deepEqual(decodeDocument(new Uint8Array(Buffer.from(text)), 's'), { a: [1] })
    }
  })

  it('of exactly the limit is decoded, one byte more is refused, counted in bytes', () => {
    const padded = (bytes: number) => `"${'ü'.repeat(1_000)}${'x'.repeat(bytes - 2_002)}"`
    assert.equal(Buffer.byteLength(padded(MAX_DOCUMENT_BYTES)), MAX_DOCUMENT_BYTES)
    assert.equal(typeof decodeDocument(padded(MAX_DOCUMENT_BYTES), 's'), 'string')
    assert.match(refusal(padded(MAX_DOCUMENT_BYTES + 1)), /is 65537 bytes long, the limit is 65536/)
    assert.match(refusal(Buffer.alloc(MAX_DOCUMENT_BYTES + 1, ' ')), /65537 bytes/)
  })

  it('that is empty says what to store', () => {
    for (const content of ['', '  \n', Buffer.alloc(0), '\u{feff}']) {
      assert.match(refusal(content), /secret "s": the document: is empty\n {2}hint {7}store a policy/)
    }
  })

  it('that is no UTF-8 is not guessed at', () => {
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0x7b, 0x80, 0x7d]]) {
      assert.match(refusal(Buffer.from(bytes)), /is not UTF-8 text/)
    }
    assert.match(refusal(Buffer.from('{}', 'utf16le')), /is not JSON|is not UTF-8/)
  })

  it('that is no JSON says where, and never what stands there', () => {
    for (const content of [
      CONFIDENTIAL,
      `{"password": ${CONFIDENTIAL}}`,
      `{"a": 1} ${CONFIDENTIAL}`,
      `{'${CONFIDENTIAL}': 1}`,
      `{"${CONFIDENTIAL}": `,
      `["${CONFIDENTIAL}",]`,
      `// ${CONFIDENTIAL}`,
    ]) {
      const message = refusal(content)
      assert.match(message, /is not JSON/)
      assert.ok(!/correct|horse|battery|staple/.test(message), message)
    }
    assert.match(refusal('{\n  "a": 1,\n}'), /line 3, column 1/)
  })
})
