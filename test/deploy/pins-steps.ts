/**
 * The steps in which the deployed system is used: pins are put in, calls made and refused, alarms ring, pins rotate.
 */

import { expect, type Saw, until } from './protocol.ts'
import { atLeastOne, has, restart, rings, type Scene } from './scene.ts'

export async function push({ world, deployed, operator, secret }: Scene, saw: Saw): Promise<void> {
  const { outputs } = deployed
  // The pins of before match nothing, so there is none to keep: what push would warn of is meant.
  const words = ['push', operator.policyFile(world.partner.pins), outputs.SecretArn, '--yes', '--force']
  const before = await secret.currentVersion()
  saw('pinned-fetch push', (await operator.run([...words, '--expect', before ?? ''])).output)
  const { version, text } = await secret.current()
  expect(version !== before && text.includes(world.partner.pins[0] ?? '?'), 'the new pins are current', text)
  saw('AWSCURRENT', `version ${version}`)
}

export async function call({ world, deployed }: Scene, saw: Saw): Promise<void> {
  const result = await deployed.call()
  expect('status' in result, 'the call passes', result)
  saw('answer', `${result.status} ${result.body.slice(0, 60).split('\n')[0]}`)
  const bytes = world.partner.bytes()
  if (bytes !== undefined) saw('at the partner', `${bytes} bytes`)
  saw('metric PolicyRefresh', String(await atLeastOne(world, deployed, 'PolicyRefresh')))
}

export async function refuse({ world, deployed, operator }: Scene, saw: Saw): Promise<void> {
  const { outputs } = deployed
  const how = await world.partner.change(async (pins) => {
    await operator.run(['push', operator.policyFile(pins), outputs.SecretArn, '--yes', '--force'])
    await restart(world, deployed)
  })
  saw('change', how)
  const before = world.partner.bytes()
  const result = await deployed.call()
  expect('code' in result && result.code === 'ERR_PIN_MISMATCH', 'ERR_PIN_MISMATCH', result)
  saw('answer', result.message)
  if (before !== undefined) {
    const bytes = (world.partner.bytes() ?? 0) - before
    expect(bytes === 0, 'no byte of the request arrives', `${bytes} bytes`)
    saw('at the partner', '0 bytes')
  }
  const [line = ''] = await until('a log line of it', world.patienceMs, async () => {
    const lines = await deployed.logLines('"PinFailure":1')
    return lines.length > 0 ? lines : undefined
  })
  saw('log line', line.slice(0, 160))
  saw('metric PinFailure', String(await atLeastOne(world, deployed, 'PinFailure')))
  const ringing = await rings(world, deployed, outputs.PinFailureAlarm)
  expect(ringing.AlarmDescription.includes('Runbook: '), 'a runbook in the description', ringing.AlarmDescription)
  const asked = ringing.AlarmActions.find((action) => action.endsWith(outputs.ProbeName))
  expect(asked !== undefined, 'it asks the probe', ringing.AlarmActions)
  saw('alarm PinFailure', `ALARM\n${ringing.AlarmDescription}\n${await has(world, deployed, outputs.PinFailureAlarm)}`)
  await rings(world, deployed, outputs.ProbeRefusedAlarm)
  saw('alarm ProbeRefused', 'ALARM: the probe, which that alarm has invoked, is shown the same key')
  const page = await rings(world, deployed, outputs.CallsRefusedAlarm)
  expect(page.AlarmActions.includes(outputs.TopicArn), 'it calls the topic', page.AlarmActions)
  saw('alarm CallsRefused', `ALARM\n${page.AlarmDescription}\n${await has(world, deployed, outputs.CallsRefusedAlarm)}`)
  const middle = await deployed.alarm(outputs.SomebodyInTheMiddleAlarm)
  expect(middle?.StateValue === 'OK', 'SomebodyInTheMiddle is quiet: the probe sees it, too', middle)
  saw('SomebodyInTheMiddle', 'OK: everybody is shown that key')
}

export async function rotate({ world, deployed, operator, secret }: Scene, saw: Saw): Promise<void> {
  const { SecretArn } = deployed.outputs
  const file = operator.policyFile(world.partner.pinsAfter)
  saw('rotate propose', (await operator.run(['rotate', 'propose', SecretArn, file, '--yes'])).output)
  saw('rotate approve', (await operator.run(['rotate', 'approve', SecretArn, '--yes'])).output)
  const token = await secret.rotate()
  await until('the rotation function has promoted it', world.patienceMs, async () =>
    (await secret.currentVersion()) === token ? token : undefined,
  )
  saw('RotateSecret', `version ${token} is AWSCURRENT, promoted by the deployed function`)
  saw('metric RotationPromoted', String(await atLeastOne(world, deployed, 'RotationPromoted')))
  const result = await until('calls pass again', world.patienceMs, async () => {
    const answer = await deployed.call()
    if ('status' in answer) return answer
    throw new Error(answer.message)
  })
  saw('answer', `${result.status} ${result.body.slice(0, 60).split('\n')[0]}`)
}

export async function retire({ deployed, operator, secret, world }: Scene, saw: Saw): Promise<void> {
  const { SecretArn } = deployed.outputs
  saw('rotate status', (await operator.run(['rotate', 'status', SecretArn])).output)
  const before = await secret.currentVersion()
  saw('rotate retire', (await operator.run(['rotate', 'retire', SecretArn, '--yes'])).output)
  const { version, text } = await secret.current()
  expect(version !== before, 'a new current version', version)
  expect(!text.includes(world.partner.pinsAfter[0] ?? '?'), 'the pin of before is gone', text)
  await restart(world, deployed)
  const result = await deployed.call()
  expect('status' in result, 'calls pass', result)
  saw('answer', String(result.status))
}

export async function probe({ world, deployed }: Scene, saw: Saw): Promise<void> {
  const { failed, text } = await deployed.invoke(deployed.outputs.ProbeName, {})
  expect(!failed, 'the probe ends well', text)
  saw('answer', text)
  const names = ['ProbeRefused', 'ProbeUnreachable', 'PinDrift', 'UnseenPins', 'DaysToCertificateExpiry'] as const
  for (const name of names) await until(`the metric ${name}`, world.patienceMs, () => deployed.metric(name))
  saw('metrics', names.join(', '))
}
