import { RewindError } from '../errors.ts';

/**
 * An image reference, `registry/repository:tag@digest`, cut into its parts as written
 * (grammar: distribution/reference). `name` keeps registry and repository together because nothing here
 * needs them apart; `docker.io/library/` is never added.
 */
export interface ImageReference {
  /** Registry and repository, e.g. `registry.example.com:5000/team/api`. */
  name: string;
  tag?: string;
  /** With algorithm: `sha256:…`. */
  digest?: string;
}

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST =
  '(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const REFERENCE = new RegExp(
  `^((?:${HOST}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
);
const TAG = /^[\w][\w.-]{0,127}$/;

/** The parts of `text`, or undefined where it is no image reference. */
export function tryParseReference(text: string): ImageReference | undefined {
  const match = REFERENCE.exec(text);
  if (!match?.[1] || match[1].length > 255) return undefined;
  // Sixty-four hex digits alone are an image ID, never a repository (distribution/reference).
  if (/^[a-f0-9]{64}$/.test(match[1])) return undefined;
  return {
    name: match[1],
    ...(match[2] === undefined ? {} : { tag: match[2] }),
    ...(match[3] === undefined ? {} : { digest: match[3] }),
  };
}

/** Like tryParseReference, but throws INVALID_REFERENCE (exit 2) that says what is odd about `text`. */
export function parseReference(text: string): ImageReference {
  const reference = tryParseReference(text);
  if (reference) return reference;
  throw new RewindError('INVALID_REFERENCE', `"${text}" is not an image reference: ${reasonAgainst(text)}`, {
    exit: 'usage',
    hint: 'An image reference looks like registry.example.com/team/api:1.4.2',
  });
}

export function formatReference(reference: ImageReference): string {
  return (
    reference.name +
    (reference.tag === undefined ? '' : `:${reference.tag}`) +
    (reference.digest === undefined ? '' : `@${reference.digest}`)
  );
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** The same repository with another tag and no digest: a digest names bytes that the new tag does not. */
export function withTag(reference: ImageReference, tag: string): ImageReference {
  return { name: reference.name, tag };
}

/**
 * Docker Hub's short names and their long form name the same image (`nginx` is `docker.io/library/nginx`);
 * a missing tag is `latest` unless a digest is given.
 */
export function canonicalReference(text: string): string {
  const reference = tryParseReference(text);
  if (!reference) return text;
  let name = reference.name.replace(/^index\.docker\.io\//, 'docker.io/');
  const first = name.split('/')[0] ?? '';
  const hasHost = name.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  if (!hasHost) name = `docker.io/${name}`;
  if (/^docker\.io\/[^/]+$/.test(name)) name = name.replace('docker.io/', 'docker.io/library/');
  const tag = reference.tag ?? (reference.digest === undefined ? 'latest' : undefined);
  return formatReference({
    name,
    ...(tag === undefined ? {} : { tag }),
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  });
}

function reasonAgainst(text: string): string {
  if (text.trim() === '') return 'it is empty';
  if (/\s/.test(text)) return 'it contains white space';
  if (text.startsWith('-')) return 'it starts with a dash';
  if (text.includes('://')) return 'it has a scheme (leave out the "https://")';
  if (text.includes('@')) {
    const digest = text.slice(text.indexOf('@') + 1);
    if (!/^[a-z0-9]+:[0-9a-f]{32,}$/.test(digest))
      return `"${digest}" is not a digest (sha256:<64 hex digits>)`;
  }
  const name = text.split('@')[0]?.replace(/:[^:/]*$/, '') ?? '';
  const repository = name.includes('/') ? name.slice(name.indexOf('/') + 1) : name;
  if (/[A-Z]/.test(repository)) return 'a repository name is lower case';
  const tag = /:([^/:]*)$/.exec(text.split('@')[0] ?? '')?.[1];
  if (tag !== undefined && !isTag(tag)) {
    return tag === ''
      ? 'the tag is empty'
      : tag.length > 128
        ? 'the tag has more than 128 characters'
        : `"${tag}" is not a tag`;
  }
  return 'its characters are not those of a repository and tag';
}
