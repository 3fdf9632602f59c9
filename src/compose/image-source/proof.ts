import { RewindError } from '../../errors.ts';
import type { ResolvedModel } from '../project.ts';
import type { Effect, ImageChange, ImageEditPlan } from './types.ts';

/**
 * Every difference between two resolved models, down to single values. Top-level `x-` blocks other than `x-rewind`
 * are left out: nothing runs by them, and fragments in them change whenever an anchor does.
 */
export function differences(before: ResolvedModel, after: ResolvedModel): Effect[] {
  const effects: Effect[] = [];
  compare(visible(before), visible(after), [], effects);
  return effects;
}

function visible(model: ResolvedModel): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(model).filter(([key]) => !key.startsWith('x-') || key === 'x-rewind'),
  );
}

function compare(before: unknown, after: unknown, path: readonly string[], out: Effect[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(before[key], after[key], [...path, key], out);
    }
    return;
  }
  // Compose writes null for some keys in one form and leaves them out in another.
  if ((before ?? undefined) === (after ?? undefined)) return;
  const service = path[0] === 'services' ? path[1] : undefined;
  out.push({
    path: path.join('.'),
    ...(service === undefined ? {} : { service }),
    kind: path.length === 3 && service !== undefined && path[2] === 'image' ? 'image' : 'other',
    ...(path[2] === 'environment'
      ? withoutSecrets(shown(before), shown(after))
      : { before: shown(before), after: shown(after) }),
  });
}

/** Plans and journals keep the effects: of an environment variable only what differs, never the password around it. */
function withoutSecrets(before: string, after: string): { before: string; after: string } {
  const limit = Math.min(before.length, after.length);
  let head = 0;
  while (head < limit && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < limit - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  const part = (text: string): string =>
    `${head > 0 ? '…' : ''}${text.slice(head, text.length - tail)}${tail > 0 ? '…' : ''}`;
  return { before: part(before), after: part(after) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether the resolved image is the wanted one. A line break that a block scalar leaves behind it does not count. */
export function isImage(model: ResolvedModel, service: string, image: string): boolean {
  return (model.services[service]?.image ?? '').trimEnd() === image;
}

/** The differences besides the images that were asked for. */
export function sideEffects(
  before: ResolvedModel,
  after: ResolvedModel,
  changes: readonly ImageChange[],
): Effect[] {
  const wanted = new Set(changes.map((change) => change.service));
  return differences(before, after).filter(
    (effect) => !(effect.kind === 'image' && effect.service !== undefined && wanted.has(effect.service)),
  );
}

/**
 * Throws PROOF_FAILED (exit 1) unless the models differ exactly in the wanted images and in the effects that the
 * plan names. The caller then undoes the edits; the message says so.
 */
export function proveImageEdits(
  before: ResolvedModel,
  after: ResolvedModel,
  changes: readonly ImageChange[],
  plan: Pick<ImageEditPlan, 'effects'>,
): void {
  const missing = changes
    .filter((change) => !isImage(after, change.service, change.image))
    .map(
      (change) =>
        `services.${change.service}.image is ${after.services[change.service]?.image ?? 'missing'}, wanted ${change.image}`,
    );
  const key = (effect: Effect): string => JSON.stringify([effect.path, effect.before, effect.after]);
  const planned = new Set(plan.effects.map(key));
  const found = sideEffects(before, after, changes);
  const unexpected = found
    .filter((effect) => !planned.has(key(effect)))
    .map((effect) => `${effect.path}: ${effect.before || '(nothing)'} → ${effect.after || '(nothing)'}`);
  if (missing.length === 0 && unexpected.length === 0) return;
  throw new RewindError(
    'PROOF_FAILED',
    'the edited Compose files do not resolve to what was planned; the edits are taken back',
    {
      hint: 'docker compose config shows what Compose makes of the files; --pin or --override edit less of what services share',
      details: [...missing, ...unexpected],
    },
  );
}
