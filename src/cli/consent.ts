import { effectsBeyondYes } from '../compose/image-source/consent.ts';
import type { Prepared } from '../deployments/prepared.ts';
import { RewindError } from '../errors.ts';
import { planText } from '../ui/plan-text.ts';
import { confirm } from '../ui/prompts.ts';
import type { Terminal } from '../ui/terminal.ts';

/**
 * Gets a yes for a plan and says whether it had to show the plan for that, or throws: `refused` (4) for a no,
 * `usage` (2) where nobody can be asked and no flag said it.
 * `always`: the command asks also when the plan does only what was named on the command line.
 */
export async function requireConsent(
  prepared: Prepared,
  terminal: Terminal,
  options: { yes: boolean; always: boolean },
): Promise<boolean> {
  const { project, config } = prepared.observation;
  const beyond = effectsBeyondYes(prepared.effects, project, config);
  const needed = options.yes ? beyond.length > 0 : options.always || prepared.effects.length > 0;
  if (!needed) return false;
  if (!terminal.interactive) {
    if (options.yes || prepared.effects.length > 0) throw effectsNeedConsent(prepared, options.yes);
    throw needsYes();
  }
  process.stderr.write(`${planText(prepared, terminal.progressStyle)}\n`);
  if (!(await confirm('Go on?'))) {
    throw new RewindError('DECLINED', 'declined. Nothing was changed', { exit: 'refused' });
  }
  return true;
}

/** Where nobody can be asked: said at once, before anything is looked at. */
export function needsYes(): RewindError {
  return new RewindError(
    'NEEDS_YES',
    'this asks before it changes anything, and there is no terminal to ask on',
    { exit: 'usage', hint: 'Look at the plan with --dry-run, then give --yes' },
  );
}

function effectsNeedConsent(prepared: Prepared, yes: boolean): RewindError {
  const effects = prepared.effects.map((effect) => `${effect.path}: ${effect.before} → ${effect.after}`);
  const [first] = prepared.effects;
  return new RewindError('NEEDS_CONSENT', `the edit would also change ${first?.path ?? 'something else'}`, {
    exit: yes ? 'refused' : 'usage',
    details: effects,
    hint: yes
      ? 'Answer on a terminal, or give --pin to write the image into the one service only'
      : 'Give --yes (covers images of released services), --pin to write it into the one service only, or answer on a terminal',
  });
}
