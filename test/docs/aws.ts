/**
 * The AWS command line as far as the runbooks use it, for machines without it: checks each call against the API, and
 * carries out what the kit has a service for.
 *
 * A service whose SDK is here is held against the SDK: its operations, the members of their requests, and the request
 * goes out over the real client. Of the others the operations are listed here as the API's models have them. Output is
 * JSON, or lines with `--output text` and a `--query` of the form `Things[].[One,Two]`.
 */

import { readFileSync } from 'node:fs'

/** Services without an SDK in this repository: operation, and the members of its request. */
const MODELS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  logs: {
    'filter-log-events': ['logGroupName', 'logStreamNames', 'startTime', 'endTime', 'filterPattern', 'limit'],
  },
  cloudtrail: {
    'lookup-events': ['LookupAttributes', 'StartTime', 'EndTime', 'EventCategory', 'MaxResults'],
  },
}

/** Of the command line itself. */
const GLOBAL = ['query', 'output', 'region', 'profile', 'max-items']

type Fields = Readonly<Record<string, unknown>>

const [service = '', operation = '', ...rest] = process.argv.slice(2)
const values: Fields = Object.fromEntries(
  Array.from({ length: rest.length / 2 }, (_, index) => [rest[2 * index]?.replace(/^--/, ''), rest[2 * index + 1]]),
)
const given = Object.entries(values).filter(([name]) => !GLOBAL.includes(name))
const result = service in MODELS ? ofModel() : await ofSdk()
process.stdout.write(print(result))

function ofModel(): Fields {
  const members = MODELS[service]?.[operation]
  if (members === undefined) throw new Error(`aws ${service} has no operation ${operation} here`)
  const input = inputOf(members)
  if (operation === 'filter-log-events') return { events: linesOf(String(input['filterPattern'])) }
  return { Events: [] }
}

/** `{ $.event = "pin-failure" }` over the lines that the functions of this night have written. */
function linesOf(pattern: string): Fields[] {
  const [, member, value] = /^\{ \$\.(\w+) = "([^"]*)" \}$/.exec(pattern) ?? []
  if (member === undefined) throw new Error(`no pattern that is understood here: ${pattern}`)
  const lines = readFileSync(process.env['LOG_GROUP'] ?? '', 'utf8')
    .split('\n')
    .filter(Boolean)
  return lines.filter((line) => JSON.parse(line)[member] === value).map((message) => ({ message }))
}

async function ofSdk(): Promise<Fields> {
  const sdk = await import(`@aws-sdk/client-${service === 'secretsmanager' ? 'secrets-manager' : service}`)
  const name = operation.replaceAll(/(?:^|-)(\w)/g, (_whole, letter: string) => letter.toUpperCase())
  const Command = sdk[`${name}Command`]
  if (Command === undefined) throw new Error(`the SDK of ${service} has no ${name}`)
  // A schema of Smithy: [kind, namespace, name, traits, members, …], the request of an operation as a function.
  const [, , , , members] = new Command({}).schema[4]()
  const input = inputOf(members)
  const client = new sdk.SecretsManagerClient({})
  const { $metadata: _, ...reply } = await client.send(new Command(input))
  client.destroy()
  return reply
}

/** The options as the members of the request; one that the request does not have is an error. */
function inputOf(members: readonly string[]): Fields {
  const known = new Map(members.map((member) => [optionOf(member), member]))
  return Object.fromEntries(
    given.map(([option, value]) => {
      const member = known.get(option)
      if (member === undefined) throw new Error(`aws ${service} ${operation} takes no --${option}`)
      return [member, value]
    }),
  )
}

/** As the command line makes it of a member: `RotationLambdaARN` is `--rotation-lambda-arn`. */
function optionOf(member: string): string {
  return member
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase()
}

function print(reply: Fields): string {
  const { query, output } = values as { query?: string; output?: string }
  if (query === undefined) return `${JSON.stringify(reply, null, 4)}\n`
  const [, list, columns] = /^(\w+)\[\]\.\[([\w,]+)\]$/.exec(query) ?? []
  if (list === undefined || columns === undefined || output !== 'text')
    throw new Error(`no query that is understood here: ${query}`)
  const rows = (reply[list] ?? []) as Fields[]
  return rows
    .map(
      (row) =>
        `${columns
          .split(',')
          .map((column) => row[column])
          .join('\t')}\n`,
    )
    .join('')
}
