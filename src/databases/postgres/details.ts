import { RewindError } from '../../errors.ts';
import type { DatabaseArtifact } from '../engine.ts';
import type { DatabaseFacts, DatabaseProperties } from './catalog.ts';

/** What a dump's manifest says of it besides; the manifest may come from anywhere. */
export type DumpDetails = Pick<DatabaseFacts, 'properties' | 'objects' | 'tablespaces' | 'extensions'>;

/** The details of an artifact. Throws DAMAGED (exit 4) where they are not of the form that a dump of ours has. */
export function detailsOf({ key, details }: DatabaseArtifact): DumpDetails {
  const { properties, objects, tablespaces, extensions } = details;
  if (
    isProperties(properties) &&
    isObject(objects) &&
    Object.values(objects).every(Number.isSafeInteger) &&
    isTexts(tablespaces) &&
    isTexts(extensions)
  )
    return { properties, objects: objects as DumpDetails['objects'], tablespaces, extensions };
  throw new RewindError('DAMAGED', `the manifest's description of ${key} is damaged`, {
    exit: 'refused',
    hint: 'docker rewind list shows the others',
  });
}

function isProperties(value: unknown): value is DatabaseProperties {
  if (!isObject(value)) return false;
  const texts = ['owner', 'encoding', 'collate', 'ctype', 'provider', 'tablespace'];
  const { locale, icuRules, comment, connectionLimit, acl, settings } = value;
  return (
    texts.every((name) => typeof value[name] === 'string') &&
    [locale, icuRules, comment].every(isTextOrNull) &&
    Number.isSafeInteger(connectionLimit) &&
    (acl === null || isListOf(acl, isGrant)) &&
    isListOf(
      settings,
      ({ role, settings: own }) => isTextOrNull(role) && isTexts(own) && own.every(isSetting),
    )
  );
}

const isGrant = ({ grantee, privilege, grantable }: Record<string, unknown>): boolean =>
  isTextOrNull(grantee) && typeof privilege === 'string' && typeof grantable === 'boolean';
const isSetting = (text: string): boolean => /^[\p{L}_][\p{L}\p{N}_$.]*=/u.test(text);
const isTextOrNull = (value: unknown): boolean => value === null || typeof value === 'string';

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isListOf(value: unknown, check: (each: Record<string, unknown>) => boolean): boolean {
  return Array.isArray(value) && value.every((each) => isObject(each) && check(each));
}
