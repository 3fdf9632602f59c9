import type { DatabaseEngine, EngineKind } from './engine.ts';

/** Loaded only where a project has such a service. */
const ENGINES: Readonly<Partial<Record<EngineKind, () => Promise<DatabaseEngine>>>> = {
  postgres: async () => (await import('./postgres/engine.ts')).postgres,
  custom: async () => (await import('./custom/engine.ts')).custom,
  redis: async () => (await import('./redis/engine.ts')).redis,
  mysql: async () => (await import('./mysql/engine.ts')).mysql,
  mariadb: async () => (await import('./mysql/engine.ts')).mysql,
  sqlite: async () => (await import('./sqlite/engine.ts')).sqlite,
};

export function hasEngine(kind: EngineKind): boolean {
  return ENGINES[kind] !== undefined;
}

export async function engineFor(kind: EngineKind): Promise<DatabaseEngine> {
  const load = ENGINES[kind];
  if (load === undefined) throw new Error(`no engine for ${kind}`);
  return load();
}
