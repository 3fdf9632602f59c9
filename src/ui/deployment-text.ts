import type { Deployment } from '../deployments/deployment.ts';
import { displayId } from '../deployments/select.ts';
import { plain } from './error-text.ts';
import { table } from './table.ts';
import type { Style, Terminal } from './terminal.ts';
import { age, duration } from './time-text.ts';

/** What a deploy or rollback says when it is done. */
export function deploymentLine(record: Deployment, style: Style): string {
  const what = record.changed
    .map((service) => `${service}=${record.services[service]?.image ?? ''}`)
    .join(' ');
  const did =
    record.kind === 'rollback'
      ? `rolled back to ${record.target ?? ''} as ${record.id}`
      : `deployed ${record.id}`;
  return `${style.green(did)}: ${plain(what)} (${duration(record.startedAt, record.finishedAt)})`;
}

/** The history as a table, newest first. */
export function historyTable(
  deployments: readonly (Deployment & { newer?: true })[],
  current: Deployment | undefined,
  terminal: Pick<Terminal, 'style' | 'columns'>,
  columns: number | undefined,
): string {
  const { style } = terminal;
  const rows = deployments.map((entry) => [
    entry.uid === current?.uid
      ? style.bold(`${displayId(entry, deployments)} *`)
      : displayId(entry, deployments),
    entry.newer ? 'newer' : entry.kind === 'rollback' ? `rollback to ${entry.target ?? '?'}` : entry.kind,
    statusText(entry, style),
    `${age(entry.startedAt)} ago`,
    plain(entry.user ?? '?'),
    plain(entry.changed.map((service) => entry.services[service]?.image ?? service).join(' ')),
    plain(entry.message ?? ''),
  ]);
  return table(['ID', 'KIND', 'STATUS', 'AGE', 'WHO', 'IMAGES', 'MESSAGE'], rows, {
    style,
    ...(columns === undefined ? {} : { columns }),
  });
}

function statusText(entry: Deployment & { newer?: true }, style: Style): string {
  if (entry.newer) return style.yellow('by a newer docker rewind');
  return entry.status === 'succeeded' ? style.green(entry.status) : style.red(entry.status);
}

/** One deployment in full. */
export function deploymentText(entry: Deployment, style: Style): string {
  const rows: [string, string][] = [
    ['kind', entry.kind === 'rollback' ? `rollback to ${entry.target ?? '?'}` : entry.kind],
    ['status', statusText(entry, style)],
    ['project', `${entry.project} (${entry.environment})`],
    ['who', `${entry.user} on ${entry.host}`],
    ['started', `${entry.startedAt} (${age(entry.startedAt)} ago)`],
    ['took', duration(entry.startedAt, entry.finishedAt)],
    ['commit', entry.commit ?? 'none'],
    ...(entry.message === null ? [] : [['message', entry.message] as [string, string]]),
    ...(entry.error === undefined ? [] : [['error', entry.error] as [string, string]]),
  ];
  const services = Object.entries(entry.services).map(([service, deployed]) => [
    entry.changed.includes(service) ? `${service} *` : service,
    plain(deployed.image),
    deployed.imageId?.slice(0, 19) ?? 'nothing ran',
    deployed.digest?.slice(0, 19) ?? 'none',
    plain(deployed.previousImage ?? 'nothing'),
  ]);
  return [
    style.bold(entry.id),
    ...rows.map(([name, value]) => `  ${name.padEnd(8)} ${name === 'status' ? value : plain(value)}`),
    '',
    table(['SERVICE', 'IMAGE', 'IMAGE ID', 'DIGEST', 'BEFORE'], services, { style }),
  ].join('\n');
}
