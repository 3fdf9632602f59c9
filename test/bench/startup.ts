import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dockerConfig, ROOT, run as execute, SHIM, type RunOutcome } from '../e2e/installed.ts';
import { TestProject } from '../integration/project.ts';
import { inTurn, resultTable, type Sample } from './measure.ts';

// A handshake takes about as long as starting any program does, so many of them are measured at once.
const HANDSHAKES = 20;

/** How long a command takes to start, against Node's own start; and a rollback, against doing it by hand. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { runs: { type: 'string', default: '21' } } });
  const runs = Math.max(1, Number(values.runs) || 21);
  await dockerConfig();
  await good(execute('sh', [join(ROOT, 'test/engine/engine.sh')]));
  await good(execute('sh', [join(ROOT, 'test/engine/images.sh')]));
  const rolled = Math.ceil(runs / 2);
  await withProjects('unchecked', async (bare, rewound) => {
    print(`start, ${runs} runs in turn`, await startup(runs, rewound));
    print(
      `rollback of one service without a health check, ${rolled} runs in turn`,
      await rollback(rolled, 2, bare, rewound),
    );
  });
  await withProjects('slow', async (bare, rewound) => {
    print(
      `rollback where start-up takes 3 s, ${rolled} runs in turn`,
      await rollback(rolled, 1.15, bare, rewound),
    );
  });
}

type Lines = Parameters<typeof resultTable>[0];

function print(title: string, lines: Lines): void {
  process.stdout.write(`\n${title}\n${resultTable(lines)}\n`);
}

async function startup(runs: number, project: TestProject): Promise<Lines> {
  const cwd = project.directory;
  const shim = (...words: string[]): Promise<RunOutcome> => good(execute(SHIM, words, { cwd }));
  const samples = await inTurn(runs, {
    'node -e 0': () => good(execute(process.execPath, ['-e', '0'], { cwd })),
    handshake: () =>
      good(
        execute(
          'sh',
          ['-c', `for i in $(seq ${HANDSHAKES}); do "$0" docker-cli-plugin-metadata; done`, SHIM],
          { cwd },
        ),
      ),
    '--help': () => shim('--help'),
    history: () => shim('history'),
    'rollback v1 --dry-run': () => shim('rollback', 'v1', '--dry-run'),
    'docker compose config': () => good(execute('docker', ['compose', 'config'], { cwd })),
  });
  const base = sampleOf(samples, 'node -e 0');
  const of = (name: string, more: { target?: number; repeat?: number } = {}) => ({
    sample: sampleOf(samples, name),
    base,
    ...more,
  });
  return [
    of('node -e 0'),
    of('handshake', { target: 0.1, repeat: HANDSHAKES }),
    of('--help'),
    of('history', { target: 3 }),
    of('rollback v1 --dry-run'),
    of('docker compose config'),
  ];
}

async function rollback(
  runs: number,
  target: number,
  bare: TestProject,
  rewound: TestProject,
): Promise<Lines> {
  // Both start at v2 and go to v1, to v2, to v1, …
  const next = new Map<TestProject, string>();
  const turn = (project: TestProject): string => {
    const tag = next.get(project) === 'v1' ? 'v2' : 'v1';
    next.set(project, tag);
    return tag;
  };
  const byHand = 'sed -i "s/:v[12] /:$0 /" compose.yml && docker compose up -d --wait';
  const samples = await inTurn(runs, {
    'sed && compose up --wait': () =>
      good(execute('sh', ['-c', byHand, turn(bare)], { cwd: bare.directory })),
    'docker rewind rollback': () => rewound.must(['rollback', turn(rewound), '--yes']),
  });
  const base = sampleOf(samples, 'sed && compose up --wait');
  return [
    { sample: base, base },
    { sample: sampleOf(samples, 'docker rewind rollback'), base, target },
  ];
}

/** Two projects that are the same, both at v2; in one of them docker rewind deployed v1 and v2. */
async function withProjects(
  mode: 'unchecked' | 'slow',
  use: (bare: TestProject, rewound: TestProject) => Promise<void>,
): Promise<void> {
  const projects: TestProject[] = [];
  try {
    for (let i = 0; i < 2; i++) {
      const project = await TestProject.web(mode === 'slow' ? { v1: mode, v2: mode } : {});
      projects.push(project);
      if (mode === 'unchecked') for (const tag of ['v1', 'v2']) await uncheckedImage(project, tag);
      project.write('compose.yml', project.webFile('v2'));
    }
    const [bare, rewound] = projects as [TestProject, TestProject];
    for (const tag of ['v1', 'v2']) await rewound.must(['deploy', `web=${rewound.repository}:${tag}`]);
    await good(bare.docker(['compose', 'up', '-d', '--wait']));
    await use(bare, rewound);
  } finally {
    for (const project of projects) await project.remove();
  }
}

/** An image without a health check that stops as soon as it is told to. */
async function uncheckedImage(project: TestProject, tag: string): Promise<void> {
  const command = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";
  const input = `FROM rewind-test/alpine:3.20\nENV APP_VERSION=${tag}\nCMD ${JSON.stringify(['sh', '-c', command])}\n`;
  await good(project.docker(['build', '--quiet', '--tag', `${project.repository}:${tag}`, '-'], { input }));
}

async function good(outcome: Promise<RunOutcome>): Promise<RunOutcome> {
  const result = await outcome;
  if (result.exitCode !== 0) throw new Error(result.stderr || result.stdout);
  return result;
}

function sampleOf(samples: Record<string, Sample>, name: string): Sample {
  const sample = samples[name];
  if (sample === undefined) throw new Error(`${name} was not measured`);
  return sample;
}
