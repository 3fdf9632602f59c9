import type { CommandLine } from './argv.ts';

export async function complete(_line: CommandLine, _root: string): Promise<string> {
  return ':4\n';
}
