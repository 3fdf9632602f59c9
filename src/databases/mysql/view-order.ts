/**
 * Views in an order in which each comes after those that it reads: the dump tool makes them in the order that it is given,
 * and a view WITH CHECK OPTION is refused while what it reads is not there as it is meant to be. `definitions`: each
 * view's text, in which every view and table is named with its database: `reads` says how another one is named in there.
 */
export function inOrderOfUse(
  definitions: ReadonlyMap<string, string>,
  reads: (name: string) => string,
): string[] {
  const ordered = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    if (ordered.has(name) || above.includes(name)) return;
    const definition = definitions.get(name) ?? '';
    for (const other of definitions.keys())
      if (other !== name && definition.includes(reads(other))) visit(other, [...above, name]);
    ordered.add(name);
  };
  for (const name of definitions.keys()) visit(name, []);
  return [...ordered];
}
