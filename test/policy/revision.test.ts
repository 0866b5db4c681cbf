import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePolicy } from '../../lib/policy/document.ts'
import { textOfDocument, withoutPins, withSerial } from '../../lib/policy/revision.ts'

const A = 'grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='
const B = 'klO23nT2ehFDXCfx3eHTDRESMz3asj1muO+4aIdjiuY='

describe('the next revision of a document', () => {
  it('has another serial and the rest as it was written', () => {
    const document = { version: 1, serial: 3, hosts: { 'A.example': { pins: [{ sha256: A, name: 'key' }] } }, deny: [] }
    assert.deepEqual(withSerial(document, 4), { ...document, serial: 4 })
    assert.equal(document.serial, 3)
  })

  it('is a full document where the short form can hold no serial', () => {
    const short = { 'a.example': [`sha256/${A}`] }
    const next = withSerial(short, 1)
    assert.deepEqual(next, { version: 1, serial: 1, hosts: { 'a.example': { pins: [`sha256/${A}`] } } })
    assert.equal(parsePolicy(next).serial, 1)
  })

  it('loses one pin of one list of one entry, however the entry and the pin are written', () => {
    const document = {
      version: 1,
      hosts: {
        'API.Example.': { pins: [`sha256/${A}`, { sha256: B, name: 'next' }], mode: 'report' },
        'other.example': { pins: [`sha256/${A}`, `sha256/${B}`] },
      },
    }
    assert.deepEqual(withoutPins(document, [{ pattern: 'api.example', list: 'pins', sha256: A }]), {
      version: 1,
      hosts: {
        'API.Example.': { pins: [{ sha256: B, name: 'next' }], mode: 'report' },
        'other.example': document.hosts['other.example'],
      },
    })
  })

  it('that would have an empty list is refused when it is read', () => {
    const next = withoutPins({ 'a.example': [`sha256/${A}`] }, [{ pattern: 'a.example', list: 'pins', sha256: A }])
    assert.throws(() => parsePolicy(next), { code: 'ERR_POLICY_MALFORMED' })
  })

  it('is text that reads as itself', () => {
    const document = { 'a.example': [`sha256/${A}`] }
    assert.deepEqual(JSON.parse(textOfDocument(document)), document)
  })
})
