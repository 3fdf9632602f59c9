import { plain } from './plain.ts';
import type { Style } from './terminal.ts';

/** What was or would be done about an execution that was cut off. */
export interface RecoveryShown {
  command: string;
  deployment: string;
  outcome: 'finished' | 'undone' | 'nothing';
  steps: readonly { description: string }[];
}

/** `deploy v2: taken back`. */
export function recoveredLine({ command, deployment, outcome }: RecoveryShown, dryRun: boolean): string {
  const would = dryRun ? 'would be ' : '';
  const what =
    outcome === 'nothing'
      ? 'had changed nothing'
      : `${would}${outcome === 'finished' ? 'finished' : 'taken back'}`;
  return `${[command, deployment].filter((word) => word !== '').join(' ')}: ${what}`;
}

/** What was cut off, and each step that concluding it takes. */
export function recoveryText(recovery: RecoveryShown, style: Style): string {
  const { command, deployment, outcome, steps } = recovery;
  const what = [command, deployment].filter((word) => word !== '').join(' ');
  const how = outcome === 'finished' ? 'it can be finished' : 'it can be taken back';
  return [
    style.yellow(`an earlier ${what} was cut off; ${how}:`),
    ...steps.map(({ description }) => `  - ${plain(description)}`),
  ].join('\n');
}
