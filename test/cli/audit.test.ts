import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { html, visible } from '../../lib/cli/audit/escape.ts'
import { DARK, LIGHT } from '../../lib/cli/audit/style.ts'
import { leafOf, presented, rootAuthority } from '../support/authority.ts'
import { startTlsServer } from '../support/tls-server.ts'
import { Browser, findChromium } from './audit-browser.ts'
import { NOW, partnerScene } from './check-scene.ts'
import { playTranscript, runCommand } from './transcript.ts'

/** A name that breaks out of whatever does not escape it: an attribute, a text, a style, a Markdown table. */
const HOSTILE = `"><script>document.title='owned'</script><img src=http://127.0.0.1:9/x onerror=alert(1)>&amp;'|`

/** What the page is made of; nothing here fetches or runs anything. */
const ELEMENTS = new Set(
  (
    'html head meta link title style body main header section article h1 h2 h3 h4 p ul ol li div span strong code pre br ' +
    'details summary svg desc g rect path circle text'
  ).split(' '),
)

const ATTRIBUTES = new Set(
  (
    'lang charset http-equiv content name rel href class id role aria-labelledby viewBox x y width height rx cx cy r d ' +
    'text-anchor'
  ).split(' '),
)

describe('pinned-fetch audit', () => {
  const scene = partnerScene()

  it('as in audit.txt', () =>
    playTranscript(new URL('audit.txt', import.meta.url), { now: () => NOW, variables: scene.variables }))
})

describe('the page of an audit', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pinned-fetch-audit-'))
  const page = join(folder, 'audit.html')
  const chromium = findChromium()
  const skip = chromium === undefined && 'Chromium is not there: sh test/support/packages.sh chromium'

  before(() => writePage(folder))
  after(() => rmSync(folder, { recursive: true }))

  it('holds what foreigners have written as text, and nothing that could be fetched or run', () => {
    const text = readFileSync(page, 'utf8')
    assert.match(text, /&lt;script\\&gt;/)
    // A ">" of a value is escaped, so this finds whole tags.
    const tags = Array.from(text.matchAll(/<([a-z0-9]+)((?:\s[^>]*)?)>/g), ([, name, rest]) => ({
      name,
      rest: rest ?? '',
    }))
    const names = new Set(tags.map(({ name }) => name))
    assert.deepEqual(
      [...names].filter((name) => !ELEMENTS.has(String(name))),
      [],
    )
    const attributes = tags.flatMap(({ rest }) => Array.from(rest.matchAll(/([\w:-]+)="[^"]*"/g), ([, name]) => name))
    assert.deepEqual(
      [...new Set(attributes)].filter((name) => !ATTRIBUTES.has(String(name))),
      [],
    )
    assert.deepEqual(text.match(/\shref="[^"]*"/g), [' href="data:,"'])
    assert.doesNotMatch(text.slice(text.indexOf('<style>'), text.indexOf('</style>')), /url\(|@import|\\/)
    assert.match(text, /Content-Security-Policy" content="default-src &#39;none&#39;;/)
  })

  it('draws each path and each timeline with a title and a description', () => {
    const pictures = readFileSync(page, 'utf8').match(/<svg.*?<\/svg>/gs) ?? []
    // The overview, and of two hosts the path and the ends; of the third nothing was seen.
    assert.ok(pictures.length >= 5, `${pictures.length} pictures`)
    const ids = pictures.flatMap((picture) => {
      const [, title, text] = /role="img" aria-labelledby="(\S+) (\S+)"/.exec(picture) ?? []
      assert.match(picture, new RegExp(`<title id="${title}">.+</title>\\s*<desc id="${text}">.+</desc>`))
      return [title, text]
    })
    assert.equal(new Set(ids).size, ids.length)
  })

  for (const width of [1280, 360]) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`opens at a width of ${width} in ${scheme}, asks for nothing, and its console is silent`, {
        skip,
      }, async () => {
        const browser = await Browser.start(chromium ?? '')
        try {
          const sight = await browser.look(pathToFileURL(page).href, { width, scheme })
          assert.deepEqual(sight.requests, [])
          assert.deepEqual(sight.console, [])
          assert.ok(sight.contentWidth <= width, `the content is ${sight.contentWidth} wide`)
          assert.equal(sight.ground, rgb((scheme === 'dark' ? DARK : LIGHT).ground))
          assert.match(sight.title, /^Pin audit of /)
        } finally {
          await browser.close()
        }
      })
    }
  }

  it('would be caught by this test if it did ask, or complain', { skip }, async () => {
    const bad = join(folder, 'bad.html')
    writeFileSync(bad, `<!doctype html><img src="missing.png"><script>console.error('a complaint')</script>`)
    const browser = await Browser.start(chromium ?? '')
    try {
      const sight = await browser.look(pathToFileURL(bad).href, { width: 360, scheme: 'light' })
      assert.equal(sight.requests.length, 1)
      assert.match(sight.console.join(), /a complaint/)
    } finally {
      await browser.close()
    }
  })

  for (const [scheme, palette] of Object.entries({ LIGHT, DARK })) {
    it(`can be read: contrast in ${scheme.toLowerCase()} is 4.5 and more (WCAG 2.2, 1.4.3)`, () => {
      for (const ink of ['ink', 'muted', 'good', 'warn', 'bad', 'pinned'] as const) {
        for (const ground of ['ground', 'card', 'pinnedGround'] as const) {
          const ratio = contrast(palette[ink], palette[ground])
          assert.ok(ratio >= 4.5, `${ink} on ${ground}: ${ratio.toFixed(2)}`)
        }
      }
    })
  }
})

describe('text in a page', () => {
  it('is escaped wherever it comes in, once', () => {
    assert.equal(
      html`<b title="${`"'<>&`}">${['<i>', html`<i>&amp;</i>`, 1, undefined]}</b>`.toString(),
      '<b title="&quot;&#39;&lt;&gt;&amp;">&lt;i&gt;<i>&amp;</i>1</b>',
    )
  })

  it('shows what nobody would see, such as marks that turn its direction', () => {
    assert.equal(visible('api\u202etest\u0000\n'), 'api\\u{202e}test\\u{0}\\u{a}')
  })
})

/** Three hosts: one accepted, whose certificate and pins have hostile names; one refused; one not there. */
async function writePage(folder: string): Promise<void> {
  const escaped = HOSTILE.replace(/[<>"+,;\\#=]/g, '\\$&')
  const root = await rootAuthority('root', { subject: `CN=${escaped}` })
  const leaf = await leafOf(root, ['evil.test', 'wrong.test'], { subject: `CN=${escaped},O=${escaped}` })
  const server = await startTlsServer(presented(leaf))
  const named = (sha256: string) => ({ sha256: sha256.slice(7), name: HOSTILE, expires: '2030-01-01T00:00:00Z' })
  const hosts = {
    'evil.test': { pins: [named(root.pin), named('sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME=')] },
    'wrong.test': { pins: ['sha256/grX4Ta9HpZx6tSHkmCrvpApTQGo67CYDnvprLg5yRME='], mode: 'enforce' },
    'gone.test': { pins: [root.pin] },
  }
  writeFileSync(join(folder, 'policy.json'), JSON.stringify({ version: 1, hosts }))
  writeFileSync(join(folder, 'root.pem'), root.certificate)
  const address = `--address 127.0.0.1:${server.port} --address gone.test=127.0.0.1:1`
  const { exitCode, stderr } = await runCommand(
    `pinned-fetch audit policy.json --ca root.pem ${address} --html audit.html`,
    folder,
  )
  await server.close()
  assert.equal(exitCode, 1, stderr)
}

function rgb(colour: string): string {
  return `rgb(${channels(colour).join(', ')})`
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
}

/** WCAG 2.2, "contrast ratio". */
function contrast(left: string, right: string): number {
  const [darker = 0, lighter = 0] = [luminance(left), luminance(right)].sort((one, other) => one - other)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = channels(colour).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
