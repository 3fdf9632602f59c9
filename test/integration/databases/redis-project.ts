import { expect } from 'chai';
import type { RunOutcome } from '../../e2e/installed.ts';
import { DatabaseProject } from './database-project.ts';
import { until } from '../world.ts';

export type ServerKind = 'redis' | 'valkey';

const IMAGES: Readonly<Record<ServerKind, string>> = {
  redis: 'rewind-test/redis:7',
  valkey: 'rewind-test/valkey:8',
};

// One line for each key of each database: type, when it expires, and a digest of all that is in it.
const CONTENT = `
local function joined(list)
  local parts = {}
  for i, part in ipairs(list) do parts[i] = type(part) == 'table' and '(' .. joined(part) .. ')' or tostring(part) end
  return table.concat(parts, '|')
end
local function pairs_sorted(list)
  local parts = {}
  for i = 1, #list, 2 do parts[#parts + 1] = list[i] .. '=' .. list[i + 1] end
  table.sort(parts)
  return parts
end
local function value(key, kind)
  if kind == 'string' then return redis.call('GET', key) end
  if kind == 'list' then return joined(redis.call('LRANGE', key, 0, -1)) end
  if kind == 'zset' then return joined(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')) end
  if kind == 'hash' then return joined(pairs_sorted(redis.call('HGETALL', key))) end
  if kind == 'set' then
    local members = redis.call('SMEMBERS', key)
    table.sort(members)
    return joined(members)
  end
  -- An append-only file does not keep how far behind a group is.
  local groups = redis.call('XINFO', 'GROUPS', key)
  local pending = #groups > 0 and joined(redis.call('XPENDING', key, 'group')) .. groups[1][8] or ''
  return joined(redis.call('XRANGE', key, '-', '+')) .. '#' .. pending
end
local all = {}
for db = 0, 15 do
  redis.call('SELECT', db)
  for _, key in ipairs(redis.call('KEYS', '*')) do
    local kind = redis.call('TYPE', key).ok
    local line = {db, redis.sha1hex(key), kind, redis.call('PEXPIRETIME', key), redis.sha1hex(value(key, kind))}
    all[#all + 1] = table.concat(line, ' ')
  end
end
redis.call('SELECT', 0)
table.sort(all)
return all
`;

// Values of every type and size, keys of every kind of bytes, several databases, and times to expire.
const FILL = `
local many = tonumber(ARGV[1])
for i = 1, many do
  redis.call('SET', 'text:' .. i, string.rep('value ' .. i .. ' ', i % 50))
  redis.call('SET', 'number:' .. i, i * 1234567)
  redis.call('HSET', 'hash:' .. (i % 20), 'field' .. i, i, 'long', string.rep('x', i % 300))
  redis.call('RPUSH', 'list:' .. (i % 10), i, string.rep('y', i % 200))
  redis.call('SADD', 'set:' .. (i % 10), i, 'member' .. i)
  redis.call('SADD', 'integers', i)
  redis.call('ZADD', 'sorted:' .. (i % 10), i / 3, 'member' .. i, -i, i)
  redis.call('XADD', 'stream:' .. (i % 5), '*', 'n', i, 'text', string.rep('z', i % 40))
  redis.call('PFADD', 'counted', i)
  redis.call('SET', 'later:' .. i, i, 'PX', 3600000 + i)
end
redis.call('ZADD', 'infinite', '+inf', 'a', '-inf', 'b', 0, 'c')
redis.call('SET', 'bits', '') redis.call('SETBIT', 'bits', 100000, 1)
redis.call('SET', '\\0\\1\\255 "quoted" \\r\\n key', 'binary \\0 \\255')
redis.call('SET', 'empty', '')
redis.call('SET', 'large', string.rep('0123456789abcdef', 100000))
redis.call('XGROUP', 'CREATE', 'stream:1', 'group', '0')
redis.call('XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', 3, 'STREAMS', 'stream:1', '>')
for _, db in ipairs({1, 7, 15}) do
  redis.call('SELECT', db)
  for i = 1, db * 3 do redis.call('SET', 'key' .. i, db, 'EX', 5000 + i) redis.call('SET', 'kept' .. i, db) end
end
redis.call('SELECT', 0)
`;

const LIBRARY = `#!lua name=shop
redis.register_function('answer', function(keys, args) return 42 end)`;

export interface RedisOptions {
  kind?: ServerKind;
  /** Arguments of the server. */
  args?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Further lines of the service. */
  service?: readonly string[];
  /** Further lines of the file. */
  file?: readonly string[];
  /** Of the volume. */
  volume?: object;
  /** How the test's own client logs in. */
  client?: readonly string[];
}

/** A project with one Redis or Valkey, its data in a volume. */
export class RedisProject extends DatabaseProject {
  #client: readonly string[] = [];
  #cli = 'redis-cli';

  static async start(options: RedisOptions = {}): Promise<RedisProject> {
    const project = new RedisProject();
    project.writeFile(options);
    try {
      await project.up();
      return project;
    } catch (error) {
      await project.remove();
      throw error;
    }
  }

  writeFile(options: RedisOptions = {}): void {
    const kind = options.kind ?? 'redis';
    this.#cli = `${kind}-cli`;
    this.#client = options.client ?? [];
    const args = [
      `${kind}-server`,
      '--enable-debug-command',
      'yes',
      '--repl-diskless-sync-delay',
      '0',
      ...(options.args ?? []),
    ];
    this.write(
      'compose.yml',
      [
        `name: ${this.name}`,
        'services:',
        '  cache:',
        `    image: ${IMAGES[kind]}`,
        `    command: ${asYaml(args)}`,
        `    environment: ${asYaml(options.environment ?? {})}`,
        '    stop_grace_period: 2s',
        '    volumes: ["data:/data"]',
        ...(options.service ?? []).map((line) => `    ${line}`),
        'volumes:',
        `  data: ${asYaml(options.volume ?? {})}`,
        ...(options.file ?? []),
        '',
      ].join('\n'),
    );
  }

  /** How the test's own client logs in from now on. */
  login(client: readonly string[]): void {
    this.#client = client;
  }

  async up(...options: readonly string[]): Promise<void> {
    await this.compose(['up', '-d', '--no-build', '--pull', 'never', ...options]);
    await this.ready();
  }

  async compose(args: readonly string[]): Promise<RunOutcome> {
    return this.succeed(await this.docker(['compose', ...args]));
  }

  /** Until the server answers with its data in memory. */
  async ready(): Promise<void> {
    await until('the server to answer', async () => (await this.tryAsk('PING')).stdout.trim() === 'PONG');
  }

  async ask(...words: readonly string[]): Promise<string> {
    const outcome = this.succeed(await this.tryAsk(...words));
    return outcome.stdout.replace(/\n$/, '');
  }

  tryAsk(...words: readonly string[]): Promise<RunOutcome> {
    return this.docker(['exec', this.containerOf('cache'), this.#cli, '-e', ...this.#client, ...words]);
  }

  inside(script: string): Promise<RunOutcome> {
    return this.docker(['exec', this.containerOf('cache'), 'sh', '-c', script]);
  }

  async fill(many = 200): Promise<void> {
    await this.ask('FLUSHALL');
    await this.ask('EVAL', FILL, '0', String(many));
    await this.ask('FUNCTION', 'LOAD', 'REPLACE', LIBRARY);
  }

  /** Everything that a restore has to bring back. */
  async content(): Promise<string> {
    const functions = await this.ask('FUNCTION', 'LIST', 'WITHCODE');
    return [await this.ask('DEBUG', 'DIGEST'), await this.ask('EVAL', CONTENT, '0'), functions].join('\n');
  }

  /** What a restore touches for a moment, and what it must not touch. */
  async settings(): Promise<string> {
    const names = [
      'repl*',
      'master*',
      'append*',
      'save',
      'tls-replication',
      'maxmemory*',
      'dir',
      'dbfilename',
    ];
    const lines = (await this.ask('CONFIG', 'GET', ...names)).split('\n');
    // A server that was started again gives them in another order.
    const pairs = lines.flatMap((name, index) =>
      index % 2 === 0 ? [`${name} ${lines[index + 1] ?? ''}`] : [],
    );
    return pairs.toSorted().join('\n');
  }

  /** Waits, in the container, until a restore has this file beside the live data. */
  async staged(name: string): Promise<void> {
    const { exitCode, stderr } = await this.inside(
      `i=0; until ls /data/.rewind-restore-*/${name} >/dev/null 2>&1; do i=$((i + 1)); [ $i -lt 3000 ] || exit 1; sleep 0.01; done`,
    );
    if (exitCode !== 0) throw new Error(`${name} did not come: ${stderr}`);
  }

  /** Nothing of a restore is in the container, and the server is nobody's replica. */
  async clean(): Promise<void> {
    const left = await this.inside(
      'ls -A /data | grep rewind; for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline 2>/dev/null | grep "[s]econd.conf"; done',
    );
    expect(left.stdout, 'left in the container').to.equal('');
    expect(await this.ask('INFO', 'replication')).to.match(/role:master/);
    expect(await this.ask('SET', 'rewind-probe', '1')).to.equal('OK');
    await this.ask('DEL', 'rewind-probe');
  }
}

/** Compose would put a variable in the place of a dollar. */
const asYaml = (value: unknown): string => JSON.stringify(value).replaceAll('$', '$$$$');
