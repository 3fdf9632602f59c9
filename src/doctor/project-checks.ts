import { access, constants, stat, statfs } from 'node:fs/promises';
import { basename } from 'node:path';
import { findComposeFiles } from '../compose/files.ts';
import { loadProject } from '../compose/project.ts';
import { rewindConfig } from '../compose/rewind-config.ts';
import { historyPath, readHistory } from '../deployments/history.ts';
import { RewindError } from '../errors.ts';
import { unfinishedJournals } from '../plan/journal.ts';
import { engineLocks } from '../plan/engine-lock.ts';
import { lockHolder } from '../plan/lock.ts';
import { holderText } from '../plan/lock-holder.ts';
import { stateDirectoryOf } from '../plan/state-directory.ts';
import { fail, ok, warn, type Check, type DoctorContext, type Finding } from './finding.ts';

export const project: Check = async ({ runner, options, cwd, env }) => {
  try {
    const found = await loadProject(runner, options, cwd, env);
    const { environment } = await rewindConfig(found.model);
    const services = Object.keys(found.model.services).length;
    const files = found.files.map((file) => basename(file)).join(', ');
    return ok(
      `${found.name} in ${found.directory} (${files}): services: ${services}, environment: ${environment}`,
    );
  } catch (error) {
    if (!isNoProject(error)) throw error;
    return warn(error.message, error.hint ?? '');
  }
};

export const state: Check = inProject(async (directory) => {
  const path = stateDirectoryOf(directory);
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && !found.isDirectory())
    return fail(`${path} is not a directory`, `Move it away: mv ${path} ${path}.old`);
  const place = found === undefined ? directory : path;
  const writable = await access(place, constants.W_OK | constants.X_OK)
    .then(() => true)
    .catch(() => false);
  if (!writable) return fail(`${place} cannot be written`, 'Run as the owner of the project directory');
  const { bavail } = await statfs(place);
  if (bavail === 0) return fail(`the disk of ${place} is full`, 'Free some space: docker system df, df -h');
  if (found === undefined) return ok(`${path} is made by the first deployment`);
  const mode = found.mode & 0o777;
  if ((mode & 0o022) !== 0) {
    return warn(`others can write ${path} (mode ${mode.toString(8)})`, `chmod 700 ${path}`);
  }
  return ok(`${path} can be written (mode ${mode.toString(8)})`);
});

export const history: Check = inProject(async (directory) => {
  const path = stateDirectoryOf(directory);
  const { deployments, problems } = await readHistory(path);
  const first = problems[0];
  if (first !== undefined) {
    const lines = problems.map(({ line }) => line).join(', ');
    const where = `line${problems.length === 1 ? '' : 's'} ${lines} of ${historyPath(path)}`;
    return warn(
      `${where} cannot be read: ${first.reason}`,
      'Everything else works; restore the line from git or delete it',
    );
  }
  const newer = deployments.filter((deployment) => deployment.newer).length;
  if (newer > 0) {
    return warn(
      `written by a newer docker rewind: ${newer} of ${deployments.length} deployments`,
      'Upgrade docker rewind here',
    );
  }
  return ok(`deployments recorded: ${deployments.length}`);
});

export const lock: Check = inProject(async (directory, { runner, options, cwd, env }) => {
  const own = await lockHolder(stateDirectoryOf(directory));
  if (own !== undefined) {
    const who = holderText(own.holder);
    return own.alive
      ? warn(`${who} is at work here`, 'Wait until it is done')
      : warn(`${who} has died and left its lock`, 'Nothing to do: the next command takes it over');
  }
  // Without an engine there is nothing to say of it here: another check does.
  const name = await loadProject(runner, options, cwd, env).then(
    (found) => found.name,
    () => undefined,
  );
  const all = name === undefined ? [] : await engineLocks(runner).catch(() => []);
  const onEngine = all.filter((each) => each.project === name);
  const [first] = onEngine.filter(({ alive }) => alive).concat(onEngine);
  if (first === undefined) return ok('nobody holds a lock');
  const { holder, name: volume } = first;
  const who = holder === undefined ? 'somebody' : holderText(holder);
  const where = `the project ${first.project}${holder?.directory === undefined ? '' : ` in ${holder.directory}`}`;
  return first.alive
    ? warn(
        `${who} is at work on ${where}`,
        `Wait until it is done; when it does not run any more: docker volume rm ${volume}`,
      )
    : warn(
        `${who} has died and left its lock on ${where}`,
        'Nothing to do: the next command on that project takes it over',
      );
});

export const leftovers: Check = inProject(async (directory) => {
  const path = stateDirectoryOf(directory);
  const [unfinished, held] = await Promise.all([unfinishedJournals(path), lockHolder(path)]);
  if (unfinished.length === 0) return ok('nothing was left behind by a crash');
  if (held?.alive === true) return ok(`in progress: ${unfinished.length}`);
  const ids = unfinished.map(({ journal }) => journal.id).join(', ');
  return fail(`begun and not finished: ${ids}`, 'docker rewind recover finishes it or takes it back');
});

/** A check of the project directory; there is nothing to check without one, and the project check says so. */
function inProject(check: (directory: string, context: DoctorContext) => Promise<Finding>): Check {
  return async (context: DoctorContext) => {
    let directory: string;
    try {
      ({ directory } = findComposeFiles(context.options, context.cwd, context.env));
    } catch (error) {
      if (!isNoProject(error)) throw error;
      return ok('there is no project here');
    }
    return check(directory, context);
  };
}

function isNoProject(error: unknown): error is RewindError {
  return error instanceof RewindError && error.code === 'NO_COMPOSE_FILE';
}
