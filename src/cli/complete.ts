import type { Interfaces } from '@oclif/core';
import { findComposeFiles } from '../compose/files.ts';
import { composeArgs, type ComposeOptions } from '../compose/options.ts';
import { readHistory } from '../deployments/history.ts';
import { ProcessRunner, type DockerGlobals } from '../docker/runner.ts';
import { stateDirectoryOf } from '../plan/state-directory.ts';
import { findCommandId, type CommandLine } from './argv.ts';
import { packageJson, readManifest } from './program.ts';

/** What the shell shows: a word and what it stands for. */
type Candidate = readonly [value: string, description: string];
type Flag = Interfaces.Manifest['commands'][string]['flags'][string];

// cobra's directives: what the shell may do besides offering the words.
const FILES = ':0';
const WORDS_ONLY = ':4';
const WORDS_ONLY_WITHOUT_SPACE = ':6';

// Somebody holds the TAB key: a Compose that does not answer is given up.
const PATIENCE_MS = 3000;

// What the arguments of these commands name.
const TAKES_DEPLOYMENTS = ['rollback', 'show', 'diff'];
const TAKES_IMAGES = ['deploy', 'set-image'];

/** Answers docker's `__complete`: lines of `value<TAB>description`, then a directive. Knows nothing rather than fails. */
export async function complete(line: CommandLine, root: string): Promise<string> {
  try {
    const manifest = readManifest(root);
    const word = line.words.at(-1) ?? '';
    const { candidates, directive } = await answer(manifest, line, word);
    const lines = candidates
      .filter(([value]) => value.startsWith(word.replace(/^--[^=]*=/, '')))
      .map(([value, description]) => `${value}\t${description.split('\n')[0]?.replaceAll('\t', ' ') ?? ''}`);
    return [...lines, directive, ''].join('\n');
  } catch {
    return `${WORDS_ONLY}\n`;
  }
}

async function answer(
  manifest: Interfaces.Manifest,
  line: CommandLine,
  word: string,
): Promise<{ candidates: Candidate[]; directive: string }> {
  const before = line.words.slice(0, -1);
  const { id, topic } = findCommandId(before, Object.keys(manifest.commands));
  const command = id === undefined ? undefined : manifest.commands[id];
  const flags = command?.flags ?? Object.values(manifest.commands)[0]?.flags ?? {};
  const all = [...line.leading, ...before];
  const flag = flagBefore(flags, all, word);
  if (flag !== undefined) return valuesOf(flag, line.globals, all);
  if (word.startsWith('-')) return { candidates: flagNames(flags), directive: WORDS_ONLY };
  if (command === undefined) return { candidates: commandNames(manifest, topic), directive: WORDS_ONLY };
  if (TAKES_DEPLOYMENTS.includes(command.id))
    return { candidates: await deployments(all), directive: WORDS_ONLY };
  if (TAKES_IMAGES.includes(command.id) && !word.includes('=')) {
    const names = await services(line.globals, all);
    return {
      candidates: names.map(([name]) => [`${name}=`, 'new image']),
      directive: WORDS_ONLY_WITHOUT_SPACE,
    };
  }
  return { candidates: [], directive: WORDS_ONLY };
}

/** The flag whose value is being typed: `--flag WORD` or `--flag=WORD`. */
function flagBefore(flags: Record<string, Flag>, before: readonly string[], word: string): Flag | undefined {
  const given =
    word.startsWith('--') && word.includes('=') ? word.slice(0, word.indexOf('=')) : before.at(-1);
  const flag = Object.values(flags).find(({ name, char }) => given === `--${name}` || given === `-${char}`);
  return flag?.type === 'option' ? flag : undefined;
}

async function valuesOf(
  flag: Flag,
  globals: DockerGlobals,
  words: readonly string[],
): Promise<{ candidates: Candidate[]; directive: string }> {
  if (flag.type !== 'option') return { candidates: [], directive: WORDS_ONLY };
  if (['file', 'env-file', 'project-directory'].includes(flag.name))
    return { candidates: [], directive: FILES };
  if (flag.name === 'service') return { candidates: await services(globals, words), directive: WORDS_ONLY };
  return { candidates: (flag.options ?? []).map((value) => [value, '']), directive: WORDS_ONLY };
}

function flagNames(flags: Record<string, Flag>): Candidate[] {
  return Object.values(flags).map(({ name, description, summary }) => [
    `--${name}`,
    summary ?? description ?? '',
  ]);
}

/** The commands, or those below a topic; of a topic itself only the name. */
function commandNames(manifest: Interfaces.Manifest, topic: string | undefined): Candidate[] {
  const topics: Readonly<Record<string, { description: string }>> = packageJson.oclif.topics;
  const names = Object.values(manifest.commands).flatMap(
    ({ id, hidden, summary, description }): Candidate[] => {
      const [first = '', second] = id.split(':');
      if (hidden === true) return [];
      if (topic !== undefined) return first === topic ? [[second ?? '', summary ?? description ?? '']] : [];
      return [
        second === undefined ? [id, summary ?? description ?? ''] : [first, topics[first]?.description ?? ''],
      ];
    },
  );
  return [...new Map(names)];
}

async function services(globals: DockerGlobals, words: readonly string[]): Promise<Candidate[]> {
  const argv = ['docker', ...composeArgs(composeOptions(words)), 'config', '--services'] as const;
  const result = await new ProcessRunner(globals).run(argv, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const names = result.stdout.split('\n').filter((name) => name !== '');
  return names.toSorted().map((name) => [name, 'service']);
}

async function deployments(words: readonly string[]): Promise<Candidate[]> {
  const { directory } = findComposeFiles(composeOptions(words), process.cwd(), process.env);
  const history = await readHistory(stateDirectoryOf(directory));
  return history.deployments
    .toReversed()
    .map(({ id, kind, status, finishedAt, changed, services: images }) => {
      const what = changed.map((service) => images[service]?.image ?? service).join(' ');
      return [id, `${kind} ${status} ${finishedAt.slice(0, 16).replace('T', ' ')} ${what}`];
    });
}

/** Compose's flags among the words; what is wrong with them is for the command itself to say. */
function composeOptions(words: readonly string[]): ComposeOptions {
  const values = (...names: string[]): string[] =>
    words.flatMap((word, i) => {
      const name = names.find((candidate) => word === candidate || word.startsWith(`${candidate}=`));
      if (name === undefined) return [];
      return word === name ? words.slice(i + 1, i + 2) : [word.slice(name.length + 1)];
    });
  const projectName = values('--project-name', '-p').at(-1);
  const projectDirectory = values('--project-directory').at(-1);
  return {
    files: values('--file', '-f'),
    profiles: values('--profile'),
    envFiles: values('--env-file'),
    ...(projectName === undefined ? {} : { projectName }),
    ...(projectDirectory === undefined ? {} : { projectDirectory }),
  };
}
