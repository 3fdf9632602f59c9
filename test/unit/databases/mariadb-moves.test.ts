import { expect } from 'chai';
import fc from 'fast-check';
import { movesBack, movesForward, type Move, type Places } from '../../../src/databases/mysql/moves.ts';

/** Tables by database, each with whose data it holds. */
type World = Record<'live' | 'loaded' | 'kept', Map<string, 'old' | 'new'>>;

const names = { live: 'live', loaded: 'loaded', kept: 'kept' };

function start(old: readonly string[], restored: readonly string[]): World {
  return {
    live: new Map(old.map((table) => [table, 'old'])),
    loaded: new Map(restored.map((table) => [table, 'new'])),
    kept: new Map(),
  };
}

function places(world: World, old: readonly string[], restored: readonly string[]): Places {
  return {
    names,
    live: [...world.live.keys()],
    loaded: [...world.loaded.keys()],
    kept: [...world.kept.keys()],
    restored: new Set(restored),
    liveTables: old.length,
  };
}

/** A server that dies after some of the moves. Never puts a table over another one. */
function carryOut(world: World, moves: readonly Move[], stop = moves.length): void {
  for (const { table, from, to } of moves.slice(0, stop)) {
    const [source, target] = [world[from as keyof World], world[to as keyof World]];
    const content = source.get(table);
    if (content === undefined) throw new Error(`${table} is not in ${from}`);
    if (target.has(table)) throw new Error(`${table} is in ${to} already`);
    source.delete(table);
    target.set(table, content);
  }
}

const tables = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });

describe('tables on their way between databases', () => {
  it('are all restored ones after a swap that was killed any number of times, and the old ones are kept', () => {
    fc.assert(
      fc.property(tables, tables, fc.array(fc.nat(10), { maxLength: 4 }), (old, restored, kills) => {
        const world = start(old, restored);
        for (const kill of [...kills, 99]) carryOut(world, movesForward(places(world, old, restored)), kill);
        expect([...world.live.values()].every((content) => content === 'new')).to.equal(true);
        expect([...world.live.keys()].sort()).to.deep.equal([...restored].sort());
        expect([...world.kept.keys()].sort()).to.deep.equal([...old].sort());
        expect(movesForward(places(world, old, restored))).to.deep.equal([]);
      }),
    );
  });

  it('are all old ones after a way back from anywhere, that was killed any number of times', () => {
    const kills = fc.array(fc.nat(10), { maxLength: 4 });
    fc.assert(
      fc.property(tables, tables, fc.nat(12), kills, (old, restored, reached, killed) => {
        const world = start(old, restored);
        carryOut(world, movesForward(places(world, old, restored)), reached);
        for (const kill of [...killed, 99]) carryOut(world, movesBack(places(world, old, restored)), kill);
        expect([...world.live.values()].every((content) => content === 'old')).to.equal(true);
        expect([...world.live.keys()].sort()).to.deep.equal([...old].sort());
        expect(world.kept.size).to.equal(0);
        // Once more, with what was loaded removed already: nothing that is live moves.
        world.loaded.clear();
        if (old.length > 0) expect(movesBack(places(world, old, restored))).to.deep.equal([]);
      }),
    );
  });

  it('leave what was made meanwhile in its place, and out of the way of what comes back', () => {
    const world = start(['a', 'b'], ['a']);
    carryOut(world, movesForward(places(world, ['a', 'b'], ['a'])));
    world.live.set('made', 'old');
    world.live.set('b', 'new');
    expect(movesForward(places(world, ['a', 'b'], ['a']))).to.deep.equal([]);
    carryOut(world, movesBack(places(world, ['a', 'b'], ['a'])));
    expect(Object.fromEntries(world.live)).to.deep.equal({ a: 'old', b: 'old', made: 'old' });
    expect(Object.fromEntries(world.loaded)).to.deep.equal({ a: 'new', b: 'new' });
  });
});
