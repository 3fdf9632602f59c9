import { Flags } from '@oclif/core';
import type { ImageEditOptions } from '../compose/image-source/types.ts';

/** How a command may edit the source of an image: shared by deploy, rollback and set-image. */
export const EDIT_FLAGS = {
  pin: Flags.boolean({
    description: 'write a literal image into the one service instead of moving what it shares',
  }),
  'write-env': Flags.boolean({ description: 'add a missing variable at the end of the env file' }),
  override: Flags.boolean({
    description: 'write the image into compose.rewind.yml, as the last file of the chain',
  }),
};

export function editOptions(flags: {
  pin: boolean;
  'write-env': boolean;
  override: boolean;
}): ImageEditOptions {
  return { pin: flags.pin, writeEnv: flags['write-env'], override: flags.override };
}
