import type { Effect } from '../compose/image-source/types.ts';
import type { Plan } from '../plan/plan.ts';
import type { Draft } from './draft.ts';
import type { Drift } from './drift.ts';
import type { Observation } from './observation.ts';

/** A plan with what people want to see of it before they say yes. */
export interface Prepared {
  plan: Plan;
  draft: Draft;
  observation: Observation;
  /** Changes of the resolved model besides the intended images: they need consent. */
  effects: readonly Effect[];
  notes: readonly string[];
  /** By service: how the world differs from what is recorded, before anything is done. */
  drift: ReadonlyMap<string, readonly Drift[]>;
}
