// What the demo says between the commands. Results of commands go straight to the terminal.
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const styled = (style: Style, text: string): string => styleText(style, text, { stream: process.stdout });
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

export const heading = (text: string): boolean => print(`\n${styled('bold', `── ${text}`)}`);
export const tell = (...lines: string[]): boolean => print(lines.join('\n'));
export const command = (line: string): boolean => print(`\n${styled('cyan', `$ ${line}`)}`);
export const good = (text: string): boolean => print(`${styled('green', '✔')} ${text}`);
export const bad = (text: string): boolean => print(`${styled('red', '✘')} ${text}`);
