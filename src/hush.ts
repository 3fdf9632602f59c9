/** What stands where a secret was. */
export const NOT_KEPT = '<not kept>';

const SECRET_WORD = String.raw`passw(?:or)?d|passphrase|[_-]pass(?![a-z])|requirepass|pwd|secret|token|credentials?|api[-_]?key|(?:private|access|encryption|signing)[-_]?key`;
const SECRET_NAME = new RegExp(SECRET_WORD, 'i');
// `name=value` and `name: value`, quoted or not; a flag's value may follow a space.
const NAMED = new RegExp(
  String.raw`([\w.-]*(?:${SECRET_WORD})[\w.-]*["']?(?:\s*[=:]\s*))("[^"]*"|'[^']*'|[^\s"',;&]+)`,
  'gi',
);
const FLAG = new RegExp(String.raw`(--?[\w-]*(?:${SECRET_WORD})[\w-]*\s+)([^\s-]\S*)`, 'gi');
const IN_URL = /([a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:)([^\s@"'/]+)(@)/gi;

/** Whether the name of something (a variable, a key, a flag) says that its value is a secret. */
export function namesSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * Text that somebody else wrote (an error of Compose, a line of a file) without the values that their names call secrets,
 * and without passwords in URLs. A value that only refers to a variable tells nothing, and stays.
 */
export function hushed(text: string): string {
  return text
    .replace(IN_URL, (all, before: string, secret: string, after: string) =>
      isReference(secret) ? all : `${before}${NOT_KEPT}${after}`,
    )
    .replace(NAMED, hide)
    .replace(FLAG, hide);
}

function hide(all: string, before: string, secret: string): string {
  return isReference(secret) || secret.includes(NOT_KEPT.slice(0, 4)) ? all : `${before}${NOT_KEPT}`;
}

/** `$NAME` or `${NAME}`, and not a default or anything besides. */
export function isReference(value: string): boolean {
  return /^["']?\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})["']?$/.test(value);
}
