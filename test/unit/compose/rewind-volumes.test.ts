import { expect } from 'chai';
import { rewindConfig } from '../../../src/compose/rewind-config.ts';

describe('x-rewind.volumes', () => {
  const model = (settings: object) => ({
    name: 'p',
    services: { web: { volumes: [{ type: 'bind', source: '/srv/p/data/uploads', target: '/u' }] } },
    volumes: { cache: {} },
    'x-rewind': { volumes: settings },
  });

  it('are about volumes and mounted directories; a slip of the pen is an error that names the nearest', async () => {
    const config = await rewindConfig(model({ cache: { backup: false }, 'data/uploads': { mode: 'hot' } }));
    expect(config.volumes['cache']).to.deep.equal({ backup: false });
    // One that no service uses is not in the model.
    await rewindConfig(model({ 'pictures-of-old': { backup: false } }));
    const error = await rewindConfig(model({ cahe: { backup: false } })).catch((reason: unknown) => reason);
    expect(error).to.include({ code: 'INVALID_CONFIG', hint: 'Did you mean cache?' });
  });
});
