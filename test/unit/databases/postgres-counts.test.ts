import { expect } from 'chai';
import { countRows } from '../../../src/databases/postgres/counts.ts';
import type { Session } from '../../../src/databases/postgres/psql.ts';

const TABLES = Array.from({ length: 50 }, (_, index) => ({ schema: 'public', name: `t${index}` }));

/** A session that answers every count with 7 and takes that long for it. */
function session(asked: string[], milliseconds = 0): Session {
  return {
    ask: async (statement) => {
      asked.push(statement);
      for (const end = performance.now() + milliseconds; performance.now() < end;) continue;
      const numbers = [...statement.matchAll(/select (\d+), count/g)].map(([, number]) => `${number}|7`);
      return numbers;
    },
  };
}

describe('rows of a PostgreSQL dump', () => {
  it('are counted some tables at a time, each time with what is left of the budget', async () => {
    const asked: string[] = [];
    const counted = await countRows(session(asked), TABLES, 60_000);
    expect(counted).to.have.lengthOf(50);
    expect(counted?.[49]).to.deep.equal({ name: 'public.t49', rows: 7 });
    const limits = asked.flatMap((statement) => /statement_timeout to (\d+)/.exec(statement)?.[1] ?? []);
    expect(limits).to.have.lengthOf(2);
    for (const limit of limits) expect(Number(limit)).to.be.within(50_000, 60_000);
  });

  it('are left out where that would take longer than the budget', async () => {
    const asked: string[] = [];
    expect(await countRows(session(asked, 30), TABLES, 20)).to.equal(null);
    // The rest is not even begun.
    expect(asked.filter((statement) => statement.includes('t49'))).to.deep.equal([]);
  });

  it('are left out where the server gives up, and the snapshot lives on', async () => {
    const asked: string[] = [];
    const failing: Session = {
      ask: async (statement) => {
        asked.push(statement);
        return statement.startsWith('savepoint') ? undefined : [];
      },
    };
    expect(await countRows(failing, TABLES, 1000)).to.equal(null);
    expect(asked.at(-1)).to.equal('rollback to savepoint counting;');
  });
});
