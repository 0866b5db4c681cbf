/**
 * What has happened when somebody opens a runbook, and what happens while he follows it.
 */

import { generateKeyPairSync } from 'node:crypto'
import { HOST, KEYS, type KeyName, type Night } from './night.ts'

export interface Story {
  readonly begin: (night: Night) => unknown
  /** By the words of the page. */
  readonly meanwhile?: Readonly<Record<string, (night: Night) => unknown>>
}

export function policy(serial: number, ...keys: readonly KeyName[]): string {
  const pins = keys.map((key) => KEYS[key].held.pin)
  return JSON.stringify({ version: 1, serial, hosts: { [HOST]: { pins } } }, null, 2)
}

/** Nothing is wrong yet. */
const asEver = (night: Night) => night.put(7, policy(7, 'today', 'backup'))

export const STORIES: Readonly<Record<string, Story>> = {
  'pin-failure': {
    begin(night) {
      asEver(night)
      // Somebody meant to add a pin, and replaced one.
      night.put(8, policy(8, 'backup', 'next'))
    },
    meanwhile: { 'the pins are right': (night) => night.put(9, policy(11, 'today', 'backup')) },
  },
  'planned-rotation': {
    async begin(night) {
      asEver(night)
      await night.enableRotation()
    },
    meanwhile: {
      'the partner changes its key': (night) => night.show('next'),
      'another rotation'(night) {
        night.show('today')
        night.put(9, policy(20, 'today', 'backup'))
      },
    },
  },
  'emergency-rotation': {
    begin(night) {
      asEver(night)
      night.show('next')
    },
    meanwhile: {
      async 'another night, with signed policies'(night) {
        for (const name of ['pins.json', 'pins.json.pulled']) night.lay(name)
        const { publicKey, privateKey } = generateKeyPairSync('ed25519')
        night.lay('public.pem', publicKey.export({ type: 'spki', format: 'pem' }).toString())
        night.lay('private.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
        night.lay('signed-before.json', policy(20, 'today', 'backup'))
        const signed = await night.shell(
          'pinned-fetch sign signed-before.json --key private.pem --expires 30d --json 2>/dev/null',
        )
        night.put(9, signed.output)
      },
    },
  },
  'break-glass': {
    begin(night) {
      asEver(night)
      night.show('stranger')
    },
  },
  'lost-backup-key': { begin: asEver },
  'bad-secret': {
    begin(night) {
      asEver(night)
      night.put(8, policy(8, 'today', 'backup').replace(KEYS.backup.held.pin, 'sha256/too short'))
    },
  },
  'suspected-interception': {
    async begin(night) {
      asEver(night)
      night.show('stranger')
      await night.call()
    },
    meanwhile: {
      'the other network': (night) => night.show('today'),
      'it is over': (night) => night.show('today'),
    },
  },
}
