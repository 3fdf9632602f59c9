import { expect } from 'chai';
import { createTerminal, type TerminalInputs } from '../../../src/ui/terminal.ts';

const tty = { isTTY: true, columns: 100 };
const pipe = {};

function terminal(changes: Partial<TerminalInputs> = {}) {
  return createTerminal({ flags: {}, env: {}, stdin: tty, stdout: tty, stderr: tty, ...changes });
}

describe('the terminal', () => {
  it('is coloured, redrawn and asked where somebody sits', () => {
    expect(terminal()).to.deep.include({ colour: true, progress: 'tty', interactive: true, columns: 100 });
    expect(terminal().style.red('x')).to.equal('\u001B[31mx\u001B[39m');
  });

  it('is none of it in a pipe', () => {
    const off = terminal({ stdin: pipe, stdout: pipe, stderr: pipe });
    expect(off).to.deep.include({ colour: false, progress: 'plain', interactive: false, columns: 80 });
    expect(off.style.red('x') + off.progressStyle.bold('y')).to.equal('xy');
  });

  it('decides for results and for progress apart', () => {
    const piped = terminal({ stdout: pipe });
    expect(piped.style.bold('x')).to.equal('x');
    expect(piped.progressStyle.bold('x')).to.not.equal('x');
    expect(piped.interactive).to.equal(true);
  });

  // flag --ansi, environment, coloured on a terminal, coloured in a pipe
  const colours: readonly (readonly [string | undefined, Record<string, string>, boolean, boolean])[] = [
    [undefined, { NO_COLOR: '1' }, false, false],
    [undefined, { NO_COLOR: '' }, true, false],
    [undefined, { NO_COLOR: '1', FORCE_COLOR: '1' }, false, false],
    [undefined, { FORCE_COLOR: '1' }, true, true],
    [undefined, { FORCE_COLOR: '0' }, false, false],
    [undefined, { CLICOLOR: '0' }, false, false],
    [undefined, { CLICOLOR_FORCE: '1' }, true, true],
    [undefined, { TERM: 'dumb' }, false, false],
    [undefined, { COMPOSE_ANSI: 'never' }, false, false],
    [undefined, { COMPOSE_ANSI: 'always' }, true, true],
    ['always', { NO_COLOR: '1' }, true, true],
    ['never', { FORCE_COLOR: '1' }, false, false],
    ['auto', { COMPOSE_ANSI: 'always' }, true, false],
  ];
  for (const [ansi, env, onTerminal, inPipe] of colours) {
    it(`colours with --ansi ${ansi ?? '(not given)'} and ${JSON.stringify(env)}`, () => {
      expect(terminal({ flags: { ansi }, env }).colour).to.equal(onTerminal);
      expect(terminal({ flags: { ansi }, env, stderr: pipe }).colour).to.equal(inPipe);
    });
  }

  const modes: readonly (readonly [TerminalInputs['flags'], Record<string, string>, string])[] = [
    [{ progress: 'quiet' }, {}, 'quiet'],
    [{ progress: 'json' }, { COMPOSE_PROGRESS: 'plain' }, 'json'],
    [{ progress: 'auto' }, { COMPOSE_PROGRESS: 'plain' }, 'tty'],
    [{}, { COMPOSE_PROGRESS: 'plain' }, 'plain'],
    [{}, { COMPOSE_PROGRESS: 'rawjson' }, 'tty'],
    [{}, { TERM: 'dumb' }, 'plain'],
    [{}, { NO_COLOR: '1' }, 'tty'],
    [{ ansi: 'never' }, {}, 'plain'],
  ];
  for (const [flags, env, expected] of modes) {
    it(`shows progress as ${expected} with ${JSON.stringify(flags)} and ${JSON.stringify(env)}`, () => {
      expect(terminal({ flags, env }).progress).to.equal(expected);
    });
  }

  it('asks nobody in a CI job or where an end is no terminal', () => {
    expect(terminal({ env: { CI: 'true' } }).interactive).to.equal(false);
    expect(terminal({ env: { CI: 'false' } }).interactive).to.equal(true);
    expect(terminal({ stdin: pipe }).interactive).to.equal(false);
    expect(terminal({ stderr: pipe }).interactive).to.equal(false);
  });

  it('takes COLUMNS where no stream knows its width', () => {
    expect(terminal({ stdout: pipe, stderr: pipe, env: { COLUMNS: '132' } }).columns).to.equal(132);
    expect(terminal({ stdout: pipe, stderr: pipe, env: { COLUMNS: 'wide' } }).columns).to.equal(80);
  });
});
