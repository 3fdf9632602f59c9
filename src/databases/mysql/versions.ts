/** What to know before a dump of one version goes into a server of another one. */
export function adviseVersion(dumped: string, server: string): string[] {
  const [from, to] = [series(dumped), series(server)];
  if (from === to) return [];
  const what = `dumped by version ${from}, loaded into version ${to}: tables, views and routines are made anew by the newer rules`;
  if (isOlder(to, from))
    return [
      `${what.replace('newer', 'older')}; what only version ${from} knows makes the restore stop before anything changes`,
    ];
  return [what];
}

const series = (version: string): string => version.split('.').slice(0, 2).join('.');

function isOlder(one: string, other: string): boolean {
  const [a = 0, b = 0] = one.split('.').map(Number);
  const [c = 0, d = 0] = other.split('.').map(Number);
  return a < c || (a === c && b < d);
}
