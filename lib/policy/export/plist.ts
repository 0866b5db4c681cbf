/**
 * XML: text in it, and Apple's property lists (plist(5)) out of plain values.
 */

export type PlistValue = string | boolean | readonly PlistValue[] | { readonly [key: string]: PlistValue }

const HEAD = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">`

export function plistOf(value: PlistValue): string {
  return `${HEAD}\n${element(value, '')}\n</plist>\n`
}

export function xmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function element(value: PlistValue, indent: string): string {
  if (typeof value === 'string') return `${indent}<string>${xmlText(value)}</string>`
  if (typeof value === 'boolean') return `${indent}<${value}/>`
  const inner = `${indent}  `
  if (Array.isArray(value))
    return container(
      'array',
      value.map((item: PlistValue) => element(item, inner)),
      indent,
    )
  const parts = Object.entries(value).map(
    ([key, item]) => `${inner}<key>${xmlText(key)}</key>\n${element(item, inner)}`,
  )
  return container('dict', parts, indent)
}

function container(name: string, parts: readonly string[], indent: string): string {
  if (parts.length === 0) return `${indent}<${name}/>`
  return `${indent}<${name}>\n${parts.join('\n')}\n${indent}</${name}>`
}
