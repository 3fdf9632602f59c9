import type { Deployment } from '../deployments/deployment.ts';
import { currentDeployment, displayId } from '../deployments/select.ts';
import { plain } from './plain.ts';
import { table, type Cell } from './table.ts';
import type { Style, Terminal } from './terminal.ts';
import { age, duration } from './time-text.ts';

/** What a deploy or rollback says when it is done. */
export function deploymentLine(record: Deployment, style: Style): string {
  const what = record.changed
    .map((service) => `${service}=${record.services[service]?.image ?? ''}`)
    .join(' ');
  const did =
    record.kind === 'rollback'
      ? `rolled back to ${plain(record.target ?? '')} as ${record.id}`
      : `deployed ${record.id}`;
  return `${style.green(did)}: ${plain(what)} (${duration(record.startedAt, record.finishedAt)})`;
}

/** Some deployments as a table, in their order; `all` tells which is the current one, and which share a number. */
export function historyTable(
  deployments: readonly (Deployment & { newer?: true })[],
  all: readonly Deployment[],
  terminal: Pick<Terminal, 'style' | 'columns'>,
  columns: number | undefined,
): string {
  const { style } = terminal;
  const current = currentDeployment(all);
  const rows = deployments.map((entry) => [
    entry.uid === current?.uid
      ? { text: `${displayId(entry, all)} *`, paint: style.bold }
      : displayId(entry, all),
    plain(entry.kind === 'rollback' ? `rollback to ${entry.target ?? '?'}` : entry.kind),
    statusCell(entry, style),
    `${age(entry.startedAt)} ago`,
    plain(entry.user),
    plain(entry.changed.map((service) => entry.services[service]?.image ?? service).join(' ')),
    plain(entry.message ?? ''),
  ]);
  return table(['ID', 'KIND', 'STATUS', 'AGE', 'WHO', 'IMAGES', 'MESSAGE'], rows, {
    style,
    ...(columns === undefined ? {} : { columns }),
  });
}

function statusCell(entry: Deployment & { newer?: true }, style: Style): Exclude<Cell, string> {
  if (entry.newer) return { text: 'by a newer docker rewind', paint: style.yellow };
  return { text: entry.status, paint: entry.status === 'succeeded' ? style.green : style.red };
}

/** One deployment in full. */
export function deploymentText(entry: Deployment, style: Style): string {
  const rows: [string, string][] = [
    ['kind', entry.kind === 'rollback' ? `rollback to ${entry.target ?? '?'}` : entry.kind],
    ['status', entry.status],
    ['project', `${entry.project} (${entry.environment})`],
    ['who', `${entry.user} on ${entry.host}`],
    ['started', `${entry.startedAt} (${age(entry.startedAt)} ago)`],
    ['took', duration(entry.startedAt, entry.finishedAt)],
    ['commit', entry.commit ?? 'none'],
    ...(entry.message === null ? [] : [['message', entry.message] as [string, string]]),
    ...(entry.error === undefined ? [] : [['error', entry.error] as [string, string]]),
  ];
  const services = Object.entries(entry.services).map(([service, deployed]) => [
    plain(entry.changed.includes(service) ? `${service} *` : service),
    plain(deployed.image),
    plain(deployed.imageId?.slice(0, 19) ?? 'nothing ran'),
    plain(deployed.digest?.slice(0, 19) ?? 'none'),
    plain(deployed.previousImage ?? 'nothing'),
  ]);
  return [
    style.bold(entry.id),
    ...rows.map(
      ([name, value]) =>
        `  ${name.padEnd(8)} ${name === 'status' ? statusCell(entry, style).paint(plain(value)) : plain(value)}`,
    ),
    '',
    table(['SERVICE', 'IMAGE', 'IMAGE ID', 'DIGEST', 'BEFORE'], services, { style }),
  ].join('\n');
}
