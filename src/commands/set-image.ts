import { text } from 'node:stream/consumers';
import { Args, Flags } from '@oclif/core';
import { ChangingCommand } from '../cli/changing-command.ts';
import { EDIT_FLAGS, editOptions } from '../cli/edit-flags.ts';
import { readsStandardInput, withStandardInput } from '../compose/standard-input.ts';
import type { PreparedImages } from '../compose/image-source/set-image.ts';
import { RewindError } from '../errors.ts';
import { plain } from '../ui/plain.ts';
import { confirm } from '../ui/prompts.ts';

export default class SetImage extends ChangingCommand {
  static override summary = 'write an image reference to where it comes from, and prove the edit';
  static override description =
    'Finds the bytes that supply the image (in a Compose file, a default, .env, an anchor, a file behind extends or include), edits only those, and proves with docker compose config that nothing else changed. Touches no container and needs no engine.';
  static override examples = [
    '<%= config.bin %> set-image web=registry.example.com/web:1.4.2',
    '<%= config.bin %> set-image --dry-run api=my-api:g7h8i9j worker=my-api:g7h8i9j',
  ];
  static override strict = false;
  static override exitCodes = {
    done: 'edited and proven, or nothing to edit',
    failed: 'failed, and every byte is as it was before',
    usage: 'wrong usage, invalid Compose file, or an answer is needed and there is no terminal',
    refused: 'refused: no edit is safe, or it would change what was not agreed to; nothing was touched',
    notUndone: 'failed, and a file could not be put back; or an earlier command was cut off: recover first',
    locked: 'another command is at work in this project',
    interrupted: 'interrupted (Ctrl-C), and every byte is as it was before',
    terminated: 'told to stop (SIGTERM), and every byte is as it was before',
  } as const;
  static override args = {
    'service=ref': Args.string({
      description: 'a service and the whole image reference that it shall have',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    yes: Flags.boolean({
      char: 'y',
      description: 'do not ask; covers effects on images of released services only',
    }),
    ...EDIT_FLAGS,
  };

  async run(): Promise<object> {
    const { flags, argv } = await this.parse(SetImage);
    const { diffOf, imagesDocument, parseImageChanges, prepareImages } =
      await import('../compose/image-source/set-image.ts');
    const changes = parseImageChanges(argv as string[]);
    const options = this.composeOptions(flags);
    const runner = readsStandardInput(options)
      ? withStandardInput(this.runner, await text(process.stdin))
      : this.runner;
    const session = this.session('set-image', flags);
    const [{ withDirectory }, { writeImages }] = await Promise.all([
      import('../deployments/session.ts'),
      import('../deployments/write-images.ts'),
    ]);
    return withDirectory(runner, session, async () => {
      const prepared = await prepareImages(session.where, changes, editOptions(flags), runner);
      if (flags['dry-run']) {
        const diff = await diffOf(prepared);
        if (!this.jsonEnabled()) process.stdout.write(diff);
        this.#say(prepared);
        return imagesDocument(prepared, diff);
      }
      await this.#consent(prepared, flags.yes);
      await writeImages(prepared, runner, this.signal);
      for (const { service, image } of changes) this.log(`${service}: ${plain(image)}`);
      return imagesDocument(prepared);
    });
  }

  #say({ plan }: PreparedImages): void {
    if (plan.effects.length > 0) this.note('changes besides the intended images:');
    for (const { path, before, after } of plan.effects) this.note(`  ${path}: ${before} → ${after}`);
    for (const note of plan.notes) this.note(`note ${note}`);
  }

  /** Only what the edit moves besides the images that were named on the command line needs a yes. */
  async #consent(prepared: PreparedImages, yes: boolean): Promise<void> {
    const { effects } = prepared.plan;
    const open = yes ? prepared.beyondYes : effects;
    const ask = open.length > 0 && this.terminal.interactive;
    if (open.length === 0 || ask) this.#say(prepared);
    if (open.length === 0) return;
    if (!ask) {
      throw new RewindError(
        'NEEDS_CONSENT',
        `the edit would also change ${open[0]?.path}; nothing was changed`,
        {
          exit: yes ? 'refused' : 'usage',
          details: effects.map(({ path, before, after }) => `${path}: ${before} → ${after}`),
          hint: `${yes ? '' : 'Give --yes (covers images of released services), or '}--pin to write the image into the one service only, or answer on a terminal`.replace(
            /^-/,
            'Give -',
          ),
        },
      );
    }
    if (!(await confirm('Go on?'))) {
      throw new RewindError('DECLINED', 'declined. Nothing was changed', { exit: 'refused' });
    }
  }
}
