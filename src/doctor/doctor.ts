import { messageOf, RewindError } from '../errors.ts';
import { compose, engine, node, plugin } from './docker-checks.ts';
import type { Check, DoctorContext, Finding } from './finding.ts';
import { history, leftovers, lock, project, state } from './project-checks.ts';

export type { DoctorContext, Finding, Status } from './finding.ts';

const CHECKS: Readonly<Record<string, Check>> = {
  engine,
  compose,
  plugin,
  node,
  project,
  state,
  history,
  lock,
  leftovers,
};

export type NamedFinding = Finding & { name: string };

/** Looks at everything at once. A check that breaks down is a finding of its own: the others go on. */
export async function examine(context: DoctorContext): Promise<NamedFinding[]> {
  return Promise.all(
    Object.entries(CHECKS).map(async ([name, check]) => {
      try {
        return { name, ...(await check(context)) };
      } catch (error) {
        return { name, ...broken(error) };
      }
    }),
  );
}

function broken(error: unknown): Finding {
  const hint = error instanceof RewindError ? error.hint : undefined;
  return { status: 'fail', message: messageOf(error), hint: hint ?? 'Run again with --debug' };
}
