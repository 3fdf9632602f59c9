import { expect } from 'chai';
import fc from 'fast-check';
import { deploymentsOf, parseHistory } from '../../../src/deployments/history.ts';
import { parseRecord } from '../../../src/deployments/record.ts';
import { currentDeployment } from '../../../src/deployments/select.ts';
import { deploymentText, historyTable } from '../../../src/ui/deployment-text.ts';
import { createTerminal } from '../../../src/ui/terminal.ts';
import { record } from './records.ts';

const terminal = createTerminal({ flags: { ansi: 'never' }, env: {}, stdin: {}, stdout: {}, stderr: {} });

describe('one record of the history', () => {
  it('is read back as it was written', () => {
    const entry = record(3, 'a:3', { message: 'why', kind: 'rollback', target: 'v1' });
    expect(parseRecord(JSON.stringify(entry))).to.deep.equal(entry);
  });

  it('gets what it leaves out', () => {
    const { schema, uid, id, environment, project, kind, status, startedAt } = record(1, 'a:1');
    const short = {
      schema,
      uid,
      id,
      environment,
      project,
      kind,
      status,
      startedAt,
      services: { web: { image: 'a:1' } },
    };
    expect(parseRecord(JSON.stringify(short))).to.deep.include({
      changed: ['web'],
      finishedAt: startedAt,
      user: 'unknown',
      message: null,
      services: { web: { image: 'a:1', digest: null, imageId: null, previousImage: null } },
    });
  });

  it('names no directory but its own', () => {
    for (const uid of ['../../evil', '/etc', '.', '..', 'a/b', '', 'a\0'])
      expect(parseRecord(JSON.stringify(record(1, 'a:1', { uid })))).to.equal('it has no usable "uid"');
  });

  it('says which field cannot be used', () => {
    const wrong: Record<string, unknown> = {
      id: 'v1x', startedAt: 'monday', kind: 'restore', status: 'fine', services: [], changed: 'web', user: 1, message: {},
    }; // prettier-ignore
    for (const [key, value] of Object.entries(wrong)) {
      expect(parseRecord(JSON.stringify({ ...record(1, 'a:1'), [key]: value })), key).to.equal(
        `it has no usable "${key}"`,
      );
    }
  });

  it('of a newer version keeps what it has and never counts as a success when its status is not known', () => {
    const newer = {
      ...record(9, 'a:9'),
      schema: 2,
      status: 'partly',
      services: { web: { image: 'a:9' }, x: 7 },
      more: 1,
    };
    const history = parseHistory(`${JSON.stringify(record(1, 'a:1'))}\n${JSON.stringify(newer)}`);
    const own = deploymentsOf(history, { project: 'shop', environment: 'default' });
    expect(own[1]).to.include({ id: 'v9', newer: true, more: 1, status: 'partly' });
    expect(Object.keys(own[1]!.services)).to.deep.equal(['web']);
    expect(currentDeployment(own)?.id).to.equal('v1');
  });

  it('of any shape is read and shown, or refused, without a crash', () => {
    const keys = Object.keys(record(1, 'a:1'));
    const change = fc.tuple(fc.constantFrom(...keys, 'error'), fc.jsonValue());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), fc.boolean(), (changes, isNewer) => {
        const entry = {
          ...record(1, 'a:1'),
          ...Object.fromEntries(changes),
          ...(isNewer ? { schema: 7 } : {}),
        };
        const { deployments } = parseHistory(JSON.stringify(entry));
        historyTable(deployments, deployments, terminal, 60);
        for (const each of deployments) deploymentText(each, terminal.style);
      }),
      { numRuns: 2000 },
    );
  });
});
