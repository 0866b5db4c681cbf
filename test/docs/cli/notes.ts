/**
 * What the definitions of the verbs do not say: what each exit code means there, and which exchange of which transcript
 * shows the verb at work.
 */

export interface Note {
  /** By exit code; 2 is the same for all. */
  readonly exits: Readonly<Partial<Record<0 | 1 | 3 | 4, string>>>
  /** A transcript of test/cli, and the beginning of the command in it. */
  readonly example: readonly [transcript: string, command: string]
}

/** Of every verb: the command line is wrong. */
export const USAGE = 'the command line is wrong; nothing was done'

const DRY_RUN = 'nothing was written: a dry run, no terminal and no `--yes`, or a no at the terminal'
const NOT_READ = 'a file or a secret could not be read, or holds no policy'
const WOULD_HURT = 'it would lock you out, or the secret has moved; `--force` says it twice'

export const NOTES: Readonly<Record<string, Note>> = {
  pin: {
    exits: {
      0: 'every host was asked and its path verifies; every file was read',
      1: 'the path of a host does not verify, so there is no entry for it',
      3: 'a host could not be asked, or a file could not be read',
    },
    example: ['pin.txt', 'pin api.partner.example'],
  },
  'backup-key': {
    exits: {
      0: 'the key is made, or its pin is told',
      1: 'the pin is told, and the key is not one that certificates are made for',
      3: 'a file could not be written, or KMS did not answer',
      4: 'there is a file of that name: it may be the key of a pin in use',
    },
    example: ['backup-key.txt', 'backup-key API.partner.example'],
  },
  init: {
    exits: { 0: 'written', 3: 'it could not be written', 4: 'the file is there already' },
    example: ['init.txt', 'init'],
  },
  add: {
    exits: {
      0: 'written, or there was nothing to change',
      1: DRY_RUN,
      3: `${NOT_READ}, or could not be written; it is signed`,
      4: 'it would lock you out, or pins would be open for more than seven days (`--force` says it twice); or somebody else wrote to the secret meanwhile',
    },
    example: ['add.txt', 'add policy.json API.partner.example'],
  },
  remove: {
    exits: {
      0: 'written',
      1: DRY_RUN,
      3: `${NOT_READ}, or could not be written; it is signed`,
      4: 'it would lock you out (`--force` says it twice), or somebody else wrote to the secret meanwhile',
    },
    example: ['remove.txt', 'remove policy.json api.partner.example --pin $A'],
  },
  deny: {
    exits: {
      0: 'written, or there was nothing to change',
      1: DRY_RUN,
      3: `${NOT_READ}, or could not be written; it is signed`,
      4: 'it would lock you out (`--force` says it twice), or somebody else wrote to the secret meanwhile',
    },
    example: ['deny.txt', 'deny policy.json $B'],
  },
  lint: {
    exits: { 0: 'no more warnings than allowed', 1: 'more warnings than `--max-warnings`', 3: NOT_READ },
    example: ['lint.txt', 'lint risky.json'],
  },
  explain: {
    exits: {
      0: 'the call would be made, if the host proves what is asked',
      1: 'the call would be refused before any connection',
      3: NOT_READ,
    },
    example: ['explain.txt', 'explain policy.json https://API.partner.example'],
  },
  check: {
    exits: {
      0: 'every host would be accepted, or let through by mode "report"',
      1: 'a host would be refused, or there are more warnings than `--max-warnings`',
      3: `a host could not be asked; ${NOT_READ}`,
    },
    example: ['check.txt', 'check policy.json --ca root.pem'],
  },
  replay: {
    exits: { 0: 'no outage', 1: 'an outage', 3: 'a policy or a chain could not be read' },
    example: ['replay.txt', 'replay policy.json recorded'],
  },
  diff: {
    exits: { 0: 'no difference', 1: 'a difference', 3: NOT_READ },
    example: ['diff.txt', 'diff old.json new.json'],
  },
  push: {
    exits: {
      0: 'written, or the secret holds it already',
      1: DRY_RUN,
      3: `${NOT_READ}, or could not be written`,
      4: WOULD_HURT,
    },
    example: ['push.txt', 'push policy.json prod/pins --expect $TWO --yes'],
  },
  pull: {
    exits: {
      0: 'written',
      3: `${NOT_READ}, or it is not signed by one of the keys`,
      4: 'the file holds something else; `--force` writes over it',
    },
    example: ['pull.txt', 'pull prod/pins policy.json'],
  },
  history: {
    exits: { 0: 'the versions are told, be they policies or not', 3: 'the secret could not be read' },
    example: ['history.txt', 'history prod/pins'],
  },
  rollback: {
    exits: {
      0: 'written, or rolled back already',
      1: DRY_RUN,
      3: `${NOT_READ}, or could not be written`,
      4: 'a host passes now and would fail, the secret has moved, or the older policy is signed; `--force` says the first twice',
    },
    example: ['rollback.txt', 'rollback prod/pins --yes'],
  },
  rotate: {
    exits: {
      0: 'the step is done, or was done already',
      1: 'a host fails (`check`), or does not serve its new key yet (`watch`); else a dry run, or a no at the terminal',
      3: `${NOT_READ}, or could not be written`,
      4: 'a host would fail, the secret has moved, or it is not the time for this step',
    },
    example: ['rotate.txt', 'rotate start prod/pins next.json --yes'],
  },
  sign: {
    exits: { 0: 'signed', 3: 'the policy or the key could not be read, or KMS did not sign' },
    example: ['sign.txt', 'sign policy.json --key private.pem --expires 90d'],
  },
  verify: {
    exits: {
      0: 'the signature is good',
      1: 'it is not: unsigned, altered, by another key, or past its end',
      3: 'a policy or a key could not be read',
    },
    example: ['sign.txt', 'verify signed.json --key public.pem'],
  },
  doctor: {
    exits: { 0: 'no fault', 1: 'a fault; the cause is named', 3: 'a file that was named could not be read' },
    example: ['doctor.txt', 'doctor https://api.partner.test/v1/orders'],
  },
  audit: {
    exits: {
      0: 'every host would be accepted',
      1: 'a host would be refused',
      3: `a host could not be asked, or a file not be written; ${NOT_READ}`,
    },
    example: ['audit.txt', 'audit policy.json --ca root.pem --address $API --address rotated'],
  },
  export: {
    exits: { 0: 'written', 3: NOT_READ, 4: 'it would be weaker than the policy; `--force` writes it all the same' },
    example: ['export.txt', 'export policy.json --to okhttp'],
  },
}
