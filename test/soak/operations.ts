import type { Random } from './random.ts';

/** A command of the soak, and what it may do to the world. */
export interface Operation {
  args: string[];
  /** The restore point and what of it is put back; undefined: data is to stay. */
  restores?: { point: string; parts: readonly string[] };
}

const WEIGHTS = { backup: 5, hot: 2, only: 2, restore: 4, 'restore-only': 3, deploy: 4, rollback: 2 };

/** A command at random; a backup where there is no point yet to be restored. */
export function randomOperation(
  random: Random,
  points: ReadonlyMap<string, { parts: readonly string[] }>,
  versions: readonly string[],
): Operation {
  const kind = random.weighted(WEIGHTS);
  switch (kind) {
    case 'deploy':
      return {
        args: ['deploy', `web=soak/app:${random.pick(versions)}`, ...random.pick([[], ['--no-backup']])],
      };
    case 'rollback':
      return { args: ['rollback', '--yes'] };
    case 'hot':
      return { args: ['backup', '--mode', 'hot'] };
    case 'only':
      return { args: ['backup', random.pick(['data', 'tree', 'db'])] };
    default:
  }
  if (points.size === 0 || kind === 'backup') return { args: ['backup'] };
  const [point, { parts }] = random.pick([...points]);
  const only = random.pick(parts);
  return kind === 'restore'
    ? { args: ['restore', point, '--yes'], restores: { point, parts } }
    : { args: ['restore', point, '--only', only, '--yes'], restores: { point, parts: [only] } };
}

/** What is done to a command while it works, by how often. */
export const TROUBLES = {
  none: 25,
  kill: 35,
  signal: 8,
  'engine-killed': 5,
  'engine-stopped': 3,
  'full-state': 4,
  'full-store': 4,
  'full-volumes': 4,
  clock: 6,
  second: 6,
} as const;
export type Trouble = keyof typeof TROUBLES;
