import { Args, Flags } from '@oclif/core';
import { ChangingCommand } from '../cli/changing-command.ts';
import { EDIT_FLAGS, editOptions } from '../cli/edit-flags.ts';
import { preloadEditor } from '../cli/preload.ts';
import type { DeployRequest } from '../deployments/targets.ts';

export default class Deploy extends ChangingCommand {
  static override summary =
    'deploy images: edit their source, bring them up, check them, record it; go back by itself on failure';
  static override description =
    'With SERVICE=REF, those images. With --tag, that tag on every service that is released (has build:, or x-rewind.services.NAME.release). Alone, what the Compose files say now. Everything is pulled or built before anything stops; where the project keeps data, a restore point is taken first (unless x-rewind.before_deploy is none). Any failure or Ctrl-C puts files and containers back as they were.';
  static override examples = [
    '<%= config.bin %> deploy api=registry.example.com/my-api:g7h8i9j web=web:1.4.2',
    '<%= config.bin %> deploy --tag g7h8i9j',
    '<%= config.bin %> deploy --build --push --message "faster search"',
  ];
  static override strict = false;
  static override exitCodes = {
    done: 'deployed and recorded',
    failed: 'failed, and everything is as it was before',
    usage: 'wrong usage, invalid Compose file, or an answer is needed and there is no terminal',
    refused: 'refused: a mutable tag, a dirty tree, an edit that cannot be proven; nothing was touched',
    notUndone: 'failed, and the way back failed too; recover says what to do',
    locked: 'another command is at work in this project',
    interrupted: 'interrupted (Ctrl-C), and everything is as it was before',
    terminated: 'told to stop (SIGTERM), and everything is as it was before',
  } as const;
  static override args = {
    'service=ref': Args.string({
      description:
        'a service and the image reference that it shall run; SERVICE alone: as the file says, or with --tag',
      ignoreStdin: true,
    }),
  };
  static override flags = {
    tag: Flags.string({ helpValue: 'TAG', description: 'the tag for every released service' }),
    build: Flags.boolean({
      description: 'build with docker compose build, tagged with the short git commit or --tag',
    }),
    push: Flags.boolean({ description: 'push what is deployed before anything stops' }),
    'also-latest': Flags.boolean({ description: 'tag (and push) it as latest, too' }),
    'allow-dirty': Flags.boolean({ description: 'build from a tree with changes; the tag says so' }),
    'allow-mutable': Flags.boolean({ description: 'deploy a tag that may be moved; its digest is recorded' }),
    message: Flags.string({ char: 'm', helpValue: 'TEXT', description: 'why, for the history' }),
    'no-backup': Flags.boolean({ description: 'take no restore point of the data first' }),
    yes: Flags.boolean({
      char: 'y',
      description: 'do not ask; covers effects on images of released services only',
    }),
    ...EDIT_FLAGS,
  };

  async run(): Promise<object> {
    const { flags, argv } = await this.parse(Deploy);
    const request: DeployRequest = {
      services: argv as string[],
      build: flags.build,
      push: flags.push,
      alsoLatest: flags['also-latest'],
      allowDirty: flags['allow-dirty'],
      allowMutable: flags['allow-mutable'],
      ...(flags.tag === undefined ? {} : { tag: flags.tag }),
    };
    const [{ withObservation }, { planDeploy }, { finishDeployment }] = await Promise.all([
      import('../deployments/session.ts'),
      import('../deployments/deploy-plan.ts'),
      import('../cli/finish-deployment.ts'),
    ]);
    preloadEditor();
    return withObservation(this.runner, this.session('deploy', flags), async (observation) => {
      const prepared = await planDeploy(this.runner, observation, {
        ...request,
        message: flags.message,
        edit: editOptions(flags),
        backup: !flags['no-backup'],
      });
      return finishDeployment(this.deploymentContext(flags), prepared, { always: false });
    });
  }
}
