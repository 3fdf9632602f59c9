import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { lazyRequires } from '../../../.ci/lazy-requires.ts';

describe('the build', () => {
  it('puts requires off until their first use', () => {
    const source = [
      'const util_1 = require("./util");',
      'const ejs_1 = __importDefault(require("ejs"));',
      'exports.Args = __importStar(require("./args"));',
      'const wordwrap = require("wordwrap");',
      'throw new util_1.Failure((0, util_1.text)(ejs_1.default, this.util_1, other_util_1));',
    ].join('\n');
    expect(lazyRequires(source).split('\n')).to.deep.equal([
      'const util_1={get $(){return this.v??=require("./util")}};',
      'const ejs_1={get $(){return this.v??=__importDefault(require("ejs"))}};',
      'Object.defineProperty(exports,"Args",{enumerable:true,get:()=>__importStar(require("./args"))});',
      'const wordwrap = require("wordwrap");',
      'throw new util_1.$.Failure((0, util_1.$.text)(ejs_1.$.default, this.util_1, other_util_1));',
    ]);
  });

  it('finds oclif written in the shape that it rests on', () => {
    const entry = createRequire(import.meta.url).resolve('@oclif/core');
    for (const file of ['index.js', 'command.js', 'config/config.js', 'parser/parse.js']) {
      const text = lazyRequires(readFileSync(join(dirname(entry), file), 'utf8'));
      expect(text, file).to.contain('={get $(){return this.v??=');
      expect(text, file).to.not.match(/^(const|var) \w+_\d+ = .*require\(/m);
    }
  });
});
