import { expect } from 'chai';
import fc from 'fast-check';
import {
  canonicalReference,
  formatReference,
  parseReference,
  tryParseReference,
  withTag,
} from '../../../src/compose/reference.ts';
import { digestOf } from '../../../src/docker/images.ts';

const component = fc.stringMatching(/^[a-z0-9]{1,6}((\.|_|__|-|--)[a-z0-9]{1,6}){0,2}$/);
const host = fc.oneof(
  fc.constant('localhost'),
  fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,5}(:[0-9]{2,5})?$/),
  fc.stringMatching(/^[a-zA-Z0-9]{1,8}:[0-9]{2,5}$/),
);
const tag = fc.stringMatching(/^[\w][\w.-]{0,20}$/);
const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
const reference = fc
  .record({
    host: fc.option(host),
    path: fc.array(component, { minLength: 1, maxLength: 3 }),
    tag: fc.option(tag),
    digest: fc.option(digest),
  })
  .filter(({ host: at, path }) => at !== null || !/^[a-f0-9]{64}$/.test(path.join('/')))
  .map((parts) => ({
    name: [...(parts.host === null ? [] : [parts.host]), ...parts.path].join('/'),
    ...(parts.tag === null ? {} : { tag: parts.tag }),
    ...(parts.digest === null ? {} : { digest: parts.digest }),
  }));

describe('image references', () => {
  it('are parsed into what they were made of, and written as they were', () => {
    fc.assert(
      fc.property(reference, (parts) => {
        const text = formatReference(parts);
        expect(parseReference(text)).to.deep.equal(parts);
        expect(formatReference(parseReference(text))).to.equal(text);
      }),
    );
  });

  it('of any text either parse and come back the same, or are refused with a reason', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-zA-Z0-9:/@._ -]{0,40}$/)), (text) => {
        const parsed = tryParseReference(text);
        if (parsed !== undefined) expect(formatReference(parsed)).to.equal(text);
        else expect(() => parseReference(text)).to.throw(/is not an image reference: \S/);
      }),
    );
  });

  it('have one canonical form, which is its own', () => {
    fc.assert(
      fc.property(reference, (parts) => {
        const once = canonicalReference(formatReference(parts));
        expect(canonicalReference(once)).to.equal(once);
        expect(canonicalReference(formatReference(withTag(parts, 'x')))).to.match(/:x$/);
      }),
    );
    for (const text of [
      'nginx',
      'nginx:latest',
      'library/nginx',
      'docker.io/nginx',
      'index.docker.io/library/nginx:latest',
    ]) {
      expect(canonicalReference(text), text).to.equal('docker.io/library/nginx:latest');
    }
    expect(canonicalReference('localhost/a')).to.equal('localhost/a:latest');
    expect(canonicalReference('reg:5000/a@sha256:' + '0'.repeat(64))).to.not.match(/latest/);
  });

  it('find the digest of their own repository only', () => {
    const hex = (digit: string): string => `sha256:${digit.repeat(64)}`;
    const image = {
      id: 'sha256:i',
      repoTags: [],
      repoDigests: [`other/a@${hex('1')}`, `reg:5000/shop/web@${hex('2')}`, `nginx@${hex('3')}`],
    };
    expect(digestOf(image, 'reg:5000/shop/web:v1')).to.equal(hex('2'));
    expect(digestOf(image, 'docker.io/library/nginx:1')).to.equal(hex('3'));
    expect(digestOf(image, 'shop/web:v1')).to.equal(undefined);
  });
});
