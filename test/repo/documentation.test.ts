/**
 * Keeps the pages true: every fenced block of README.md and SECURITY.md is run or compared with what is real, every
 * table is compared with the code that it describes, every link to a file is followed.
 *
 * What a block is held against is said by its language, and by the comment on the line above it:
 *
 *   js, ts  `run: <situation>`                             it runs in that situation (stage.ts), and ends well; ts is
 *                                                          type-checked as well
 *   ts      `synthesised`                                  it is the stack that test/infra/published.test.ts builds
 *   text    `error of the block above: <situation>`        the message with which that block then ends
 *           `output of the block above`                    what that block printed, apart from metrics
 *   json    `metric of the block above: <situation>`       the line that it then wrote; a string may end in `…`
 *           no comment                                     it is a policy
 *   sh      `prints: the pin of …`                         it prints that pin
 *   console `played`                                       each command of the tool prints what stands below it
 *
 * A block of another kind fails: what can't be run has no place on the page.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parsePolicy } from '../../lib/index.ts'
import { runCommand } from '../cli/transcript.ts'
import { type Block, blocksOf, fileLinksOf } from './markdown.ts'
import { assertMatches, masked } from './masked.ts'
import { ANOTHER_KEY, type Stage, setStage } from './stage.ts'

const ROOT = new URL('../../', import.meta.url)
const RUNNABLE = ['js', 'ts']
const SITUATIONS = ['as announced', ANOTHER_KEY]

for (const page of ['README.md', 'SECURITY.md']) {
  const blocks = blocksOf(readFileSync(new URL(page, ROOT), 'utf8'))
  if (blocks.length === 0) continue

  describe(page, { concurrency: false }, () => {
    let stage: Stage
    before(async () => {
      stage = await setStage()
      const policy = blocks.find(isPolicy)
      if (policy !== undefined) stage.write('policy.json', policy.code)
    })
    after(() => stage.close())

    for (const [index, block] of blocks.entries()) {
      const example = blocks.slice(0, index).findLast(({ language }) => RUNNABLE.includes(language))
      test(`line ${block.line}: ${block.comment ?? block.language}`, () => holds(block, example, stage))
    }

    test('every TypeScript example satisfies a strict compiler', async () => {
      assert.equal(await stage.typecheck(), '')
    })
  })
}

for (const page of [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'lib/README.md',
  'docs/evidence.md',
  'docs/cli.md',
  'docs/runbooks/README.md',
]) {
  test(`every file that ${page} links to is there`, () => {
    const location = new URL(page, ROOT)
    const missing = fileLinksOf(readFileSync(location, 'utf8')).filter((link) => !existsSync(new URL(link, location)))
    assert.deepEqual(missing, [])
  })
}

function isPolicy({ language, comment, code }: Block): boolean {
  return language === 'json' && comment === undefined && code.includes('"version"')
}

/** @param example the runnable block that stands last above it */
async function holds(block: Block, example: Block | undefined, stage: Stage): Promise<void> {
  const { language, comment } = block
  const [, kind = '', situation] = /^([a-z]+)(?:[a-z ]*)(?:: (.*))?$/.exec(comment ?? '') ?? []
  switch (`${language} ${kind}`) {
    case 'ts synthesised':
      return assert.equal(block.code, readFileSync(new URL('test/infra/readme-stack.ts', ROOT), 'utf8'))
    case 'js run':
    case 'ts run':
      assert.ok(situation !== undefined && SITUATIONS.includes(situation), `no situation "${situation}"`)
      return await runs(block, situation, stage)
    case 'text error': {
      const { refusal, failure } = await stage.play(inSituationOf(block, example))
      assert.equal(failure, undefined)
      return assert.equal(masked(stage.atUsualPort(`${refusal}\n`)), masked(block.code))
    }
    case 'text output': {
      const { stdout } = await stage.play(inSituationOf(block, example))
      return assert.equal(withoutMetrics(stdout), block.code)
    }
    case 'json metric': {
      const { stdout } = await stage.play(inSituationOf(block, example))
      const line = stdout.split('\n').find((text) => text.includes('"event":"pin-failure"')) ?? '{}'
      return assertMatches(JSON.parse(masked(stage.atUsualPort(line))), JSON.parse(masked(block.code)))
    }
    case 'json ':
      return assert.ok(parsePolicy(JSON.parse(block.code)).hosts.size > 0)
    case 'sh prints': {
      const expected = situation === 'the pin of partner-ca.pem' ? stage.pins.issuer : stage.pins.leaf
      return assert.equal(await stage.shell(block), `${expected}\n`)
    }
    case 'console played':
      return await isPlayed(block)
    default:
      assert.fail(`a block of this kind is neither run nor compared: ${language}, "${comment ?? 'no comment'}"`)
  }
}

/** Commands of the tool, one after the other in a folder of their own, and what each prints on stdout. */
async function isPlayed({ code }: Block): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-played-'))
  try {
    for (const exchange of code.split(/^\$ /m).slice(1)) {
      const [command = '', ...answer] = exchange.split('\n')
      const said = await runCommand(command, folder)
      assert.deepEqual([said.exitCode, said.stdout], [0, answer.join('\n')], said.stderr)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** It ends well, and what it says about the partner is true: a call arrives exactly where none is refused. */
async function runs(block: Block, situation: string, stage: Stage): Promise<void> {
  const before = stage.partner.recording.requests
  const { refusal, failure } = await stage.play(block)
  assert.equal(failure, undefined)
  assert.equal(refusal, undefined)
  const calls = block.code.split('https://api.partner.example').length - 1
  const arrived = stage.partner.recording.requests - before
  assert.equal(arrived, situation === ANOTHER_KEY ? 0 : calls)
}

/** What an example printed itself: metrics and warnings are lines of JSON. */
function withoutMetrics(stdout: string): string {
  return stdout
    .split('\n')
    .filter((line) => !line.startsWith('{"'))
    .join('\n')
}

/** The example again, in the situation that a block below it shows; without one, in its own. */
function inSituationOf(block: Block, example: Block | undefined): Block {
  assert.ok(example !== undefined, 'there is no example above this block')
  return block.comment?.includes(': ') ? { ...example, comment: block.comment } : example
}
