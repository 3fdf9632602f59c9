import { Flags } from '@oclif/core';

const group = { helpGroup: 'compose' } as const;

/** The flags of every command: Compose's own, so that a line typed for Compose works here, and ours. */
export const BASE_FLAGS = {
  file: Flags.string({
    ...group,
    char: 'f',
    multiple: true,
    // Otherwise every word that follows would be taken for one more file.
    multipleNonGreedy: true,
    helpValue: 'PATH',
    description: 'Compose file; repeat for several',
  }),
  'project-name': Flags.string({ ...group, char: 'p', helpValue: 'NAME', description: 'project name' }),
  'project-directory': Flags.string({
    ...group,
    helpValue: 'DIR',
    description: 'where relative paths start and .rewind is kept (the directory of the first file)',
  }),
  profile: Flags.string({
    ...group,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'NAME',
    description: 'profile to enable; repeat for several',
  }),
  'env-file': Flags.string({
    ...group,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'PATH',
    description: 'read variables from this file instead of .env; repeat for several',
  }),
  progress: Flags.option({
    options: ['auto', 'tty', 'plain', 'json', 'quiet'] as const,
  })({ ...group, helpValue: 'auto|tty|plain|json|quiet', description: 'how progress is shown on stderr' }),
  ansi: Flags.option({ options: ['never', 'always', 'auto'] as const })({
    ...group,
    helpValue: 'never|always|auto',
    description: 'when to colour and redraw',
  }),
  'dry-run': Flags.boolean({
    default: false,
    helpGroup: 'global',
    description: 'print what would be done and change nothing',
  }),
  json: Flags.boolean({
    default: false,
    helpGroup: 'global',
    description: 'print one JSON document on stdout',
  }),
  debug: Flags.boolean({
    default: false,
    helpGroup: 'global',
    description: 'show the details of an internal error',
  }),
};
