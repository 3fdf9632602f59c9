import { Args, Flags } from '@oclif/core';
import { needsYes } from '../cli/consent.ts';
import { ChangingCommand } from '../cli/changing-command.ts';
import { EDIT_FLAGS, editOptions } from '../cli/edit-flags.ts';
import { preloadEditor } from '../cli/preload.ts';
import { RewindError } from '../errors.ts';

export default class Rollback extends ChangingCommand {
  static override summary = 'move the images back to a recorded deployment; the data stays as it is';
  static override description =
    'Without a target: the last deployment that succeeded before the current one (never a failed one); on a terminal, a menu. The recorded digest or image ID decides what runs, also when the tag was moved since. Volumes are never touched. A rollback is recorded as a new deployment.';
  static override examples = [
    '<%= config.bin %> rollback',
    '<%= config.bin %> rollback v12 --yes',
    '<%= config.bin %> rollback --steps 2 --service api --dry-run',
  ];
  static override exitCodes = {
    done: 'rolled back and recorded',
    failed: 'failed, and everything is as it was before',
    usage: 'wrong usage, or a yes is needed and there is no terminal (give --yes)',
    refused:
      'refused: no such or a failed deployment, it runs already, its image is gone; nothing was touched',
    notUndone: 'failed, and the way back failed too; recover says what to do',
    locked: 'another command is at work in this project',
    interrupted: 'interrupted (Ctrl-C), and everything is as it was before',
    terminated: 'told to stop (SIGTERM), and everything is as it was before',
  } as const;
  static override args = {
    deployment: Args.string({ description: 'the deployment to go back to, v12 or 12', ignoreStdin: true }),
  };
  static override flags = {
    steps: Flags.integer({
      min: 1,
      helpValue: 'N',
      description: 'go back N deployments',
    }),
    service: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NAME',
      description: 'only this service; repeat for several',
    }),
    config: Flags.boolean({ description: 'bring the Compose files themselves back, too' }),
    message: Flags.string({ char: 'm', helpValue: 'TEXT', description: 'why, for the history' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
    ...EDIT_FLAGS,
  };

  async run(): Promise<object> {
    const { flags, args } = await this.parse(Rollback);
    if (args.deployment !== undefined && flags.steps !== undefined) throw targetAndSteps(args.deployment);
    if (!flags.yes && !flags['dry-run'] && !this.terminal.interactive) throw needsYes();
    const [{ withObservation }, { planRollback }, { finishDeployment }, { pickTarget, orNearest }] =
      await Promise.all([
        import('../deployments/session.ts'),
        import('../deployments/rollback-plan.ts'),
        import('../cli/finish-deployment.ts'),
        import('../cli/pick-target.ts'),
      ]);
    preloadEditor();
    return withObservation(this.runner, this.session('rollback', flags), async (observation) => {
      const target = await pickTarget(observation, this.terminal, {
        target: args.deployment,
        steps: flags.steps,
        services: flags.service ?? [],
        menu: !flags.yes && !flags['dry-run'] && !flags.json,
      });
      const prepared = await planRollback(this.runner, observation, {
        target,
        services: flags.service ?? [],
        config: flags.config,
        message: flags.message,
        edit: editOptions(flags),
      });
      return orNearest(this.runner, observation, target, () =>
        finishDeployment(this.deploymentContext(flags), prepared, { always: true }),
      );
    });
  }
}

function targetAndSteps(target: string): RewindError {
  return new RewindError('USAGE', `${target} and --steps name two different targets`, {
    exit: 'usage',
    hint: 'Give one of them: docker rewind rollback --help',
  });
}
