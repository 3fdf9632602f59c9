import { engineError } from '../docker/engine-error.ts';
import type { Argv, RunResult, Runner } from '../docker/runner.ts';
import { pluginPath, pluginTarget, readPluginLink } from '../plugin/link.ts';
import { fail, ok, warn, type Check, type Finding } from './finding.ts';

/** The least Compose: the first whose `up --wait` and `config` say what is relied on here. */
const LEAST_COMPOSE = [2, 20] as const;

// A remote engine that does not answer would otherwise hold everything up for minutes.
const PATIENCE_MS = 10_000;

export const engine: Check = async ({ runner }) => {
  const result = await ask(runner, [
    'docker',
    'version',
    '--format',
    '{{.Server.Version}} ({{.Server.Os}}/{{.Server.Arch}})',
  ]);
  if (result === undefined) {
    return fail(
      'the Docker engine does not answer',
      'Is its host up? docker context ls shows which engine is meant',
    );
  }
  if (result.exitCode === 0) return ok(`Docker ${result.stdout.trim()} answers`);
  const error = engineError(result);
  return fail(error.message, (error.hint ?? '').replace(/; docker rewind doctor says more$/, ''));
};

export const compose: Check = async ({ runner }) => {
  const result = await ask(runner, ['docker', 'compose', 'version', '--short']);
  const install = 'Install Docker Compose 2.20 or later: https://docs.docker.com/compose/install/';
  if (result?.exitCode !== 0) return fail('docker has no compose plugin', install);
  const version = result.stdout.trim();
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_COMPOSE;
  const enough = major > leastMajor || (major === leastMajor && minor >= leastMinor);
  return enough ? ok(`Docker Compose ${version}`) : fail(`Docker Compose ${version} is too old`, install);
};

export const plugin: Check = async ({ globals, env, cwd, root }): Promise<Finding> => {
  const path = pluginPath(globals, env, cwd);
  const link = await readPluginLink(path, pluginTarget(root));
  const hint = 'docker-rewind plugin install';
  if (link.state === 'ours') return ok(`${path} leads here`);
  if (link.state === 'other' && link.broken)
    return fail(`${path} leads to ${link.leadsTo}, which is gone`, hint);
  if (link.state === 'other') return warn(`${path} leads to another installation, ${link.leadsTo}`, hint);
  if (link.state === 'foreign')
    return fail(`${path} is ${link.what} and no link to this plugin`, `Move it away, then: ${hint}`);
  // Docker names itself to a plugin that it runs: wherever it found this one, it did.
  if (env['DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND'])
    return ok('docker finds this plugin outside the home directory');
  return warn('docker does not know this plugin: only docker-rewind works, docker rewind does not', hint);
};

export const node: Check = async ({ node: { version, path } }) => ok(`Node ${version} (${path})`);

/** The result, or undefined when there was none in time. */
async function ask(runner: Runner, argv: Argv): Promise<RunResult | undefined> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const result = await runner.run(argv, { signal: patience });
  return patience.aborted ? undefined : result;
}
