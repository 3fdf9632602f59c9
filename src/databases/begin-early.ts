import { findComposeFiles } from '../compose/files.ts';
import { answerLines, jsonAnswer } from '../docker/answer.ts';
import type { Where } from '../deployments/observation.ts';
import { inspectContainersArgv } from '../docker/containers.ts';
import type { HeadStartRunner } from '../docker/head-start.ts';
import type { DatabaseEngine } from './engine.ts';
import { engineFor } from './engines.ts';
import { kindOfImage } from './recognise.ts';
import { runsServer } from './server-command.ts';

export interface EarlyWork {
  where: Where;
  work: Parameters<NonNullable<DatabaseEngine['begins']>>[1];
  /** What people named: `db`, `db/shop`; empty: all that is there. */
  names: readonly string[];
}

interface Inspected {
  Id: string;
  Config: {
    Image: string;
    Labels: Record<string, string>;
    Cmd?: string[] | null;
    Entrypoint?: string[] | null;
  };
}

/**
 * Begins what the servers of a project directory will be asked first, while Compose is still at work on its model. Which they
 * are is a guess by what runs, and nobody hears of a wrong one: what is not asked for ends by itself. Where several
 * projects run from the directory nothing is begun.
 */
export async function beginEarly(runner: HeadStartRunner, { where, work, names }: EarlyWork): Promise<void> {
  const { directory } = findComposeFiles(where.options, where.cwd, where.env);
  const containers = await runningIn(runner, directory);
  const projects = new Set(containers.map(({ Config }) => Config.Labels['com.docker.compose.project']));
  if (projects.size !== 1) return;
  for (const { Id, Config } of containers) {
    const service = Config.Labels['com.docker.compose.service'] ?? '';
    const named = names.filter((name) => name === service || name.startsWith(`${service}/`));
    const kind = kindOfImage(Config.Image);
    if (kind === undefined || (names.length > 0 && named.length === 0) || !isServer(kind, Config)) continue;
    const databases = named.map((name) => name.slice(service.length + 1));
    const argvs = (await engineFor(kind)).begins?.(
      {
        service,
        kind,
        container: Id,
        ...(databases.length === 0 || databases.includes('') ? {} : { databases: [...new Set(databases)] }),
      },
      work,
    );
    for (const argv of argvs ?? []) runner.begin(argv);
  }
}

async function runningIn(runner: HeadStartRunner, directory: string): Promise<Inspected[]> {
  const listed = await runner.run([
    'docker', 'ps', '--quiet', '--no-trunc', '--filter', 'status=running',
    '--filter', `label=com.docker.compose.project.working_dir=${directory}`,
    '--filter', 'label=com.docker.compose.oneoff=False',
  ]); // prettier-ignore
  const ids = listed.exitCode === 0 ? answerLines(listed.stdout, 'containers') : [];
  if (ids.length === 0) return [];
  const inspected = await runner.run(inspectContainersArgv(ids));
  return inspected.exitCode === 0 ? jsonAnswer<Inspected[]>(inspected.stdout, 'containers') : [];
}

/** The image's own entrypoint starts what the command says. */
function isServer(kind: Parameters<typeof runsServer>[0], { Cmd, Entrypoint }: Inspected['Config']): boolean {
  const own = /entrypoint/.test(Entrypoint?.[0] ?? '') ? [] : (Entrypoint ?? []);
  return runsServer(kind, { entrypoint: own, command: Cmd ?? [] });
}
