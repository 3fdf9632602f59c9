import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { loadImages } from './engine-answers.ts';

/**
 * How a version of the test app behaves: `unhealthy` serves but never gets healthy, `exits` logs why and exits 3, `slow` gets
 * healthy after three seconds, `ignores-term` has to be killed.
 */
export type Mode = 'ok' | 'unhealthy' | 'exits' | 'slow' | 'ignores-term';

const BASE = 'rewind-test/app:base';
const SECOND = 1_000_000_000;

interface Base {
  /** The image's own description, as the engine keeps it. */
  image: {
    created: string;
    config: { Env: string[]; Labels?: Record<string, string> | null; Healthcheck?: object };
    history: object[];
  };
  layers: { name: string; bytes: Buffer }[];
}

let base: Promise<Base> | undefined;

/**
 * Makes one version of the test app, which http://:8080/version tells: the same arguments always give the same image. It is
 * the base image under another description, and loaded: that takes a tenth of the time of a build.
 */
export async function makeAppImage(reference: string, version: string, mode: Mode): Promise<void> {
  base ??= readBase();
  const { image, layers } = await base;
  const config = {
    ...image.config,
    Env: [...image.config.Env, `APP_VERSION=${version}`, `APP_MODE=${mode}`],
    Labels: { ...image.config.Labels, 'org.opencontainers.image.version': version },
    // One that never gets healthy is told from one that is late by checks after its start.
    ...(mode === 'unhealthy'
      ? {
          Healthcheck: {
            Test: ['CMD', '/app', 'health'],
            Interval: SECOND,
            Timeout: 10 * SECOND,
            StartPeriod: SECOND,
            Retries: 3,
          },
        }
      : {}),
  };
  const history = [...image.history, { created: image.created, comment: 'a version', empty_layer: true }];
  const described = Buffer.from(JSON.stringify({ ...image, config, history }));
  const manifest = [{ Config: 'image.json', RepoTags: [reference], Layers: layers.map(({ name }) => name) }];
  const files = [
    { name: 'manifest.json', bytes: Buffer.from(JSON.stringify(manifest)) },
    { name: 'image.json', bytes: described },
    ...layers,
  ];
  await loadImages(Buffer.concat([...files.flatMap(entry), Buffer.alloc(1024)]));
}

async function readBase(): Promise<Base> {
  const directory = mkdtempSync(join(tmpdir(), 'rewind-app-base-'));
  try {
    const archive = join(directory, 'base.tar');
    await promisify(execFile)('docker', ['save', '--output', archive, BASE]);
    await promisify(execFile)('tar', ['-xf', archive, '-C', directory]);
    const read = (name: string): Buffer => readFileSync(join(directory, name));
    const [{ Config, Layers }] = JSON.parse(read('manifest.json').toString());
    const image = JSON.parse(read(Config).toString()) as Base['image'];
    const layers = (Layers as string[]).map((name, index) => ({
      name: `layer-${index}.tar`,
      bytes: read(name),
    }));
    return { image, layers };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A file in a tar archive. */
function entry({ name, bytes }: { name: string; bytes: Buffer }): Buffer[] {
  const header = Buffer.alloc(512);
  const octal = (value: number, at: number, digits: number): void =>
    void header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  header.write(name, 0, 'latin1');
  octal(0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes.length, 124, 11);
  octal(0, 136, 11);
  header.write('        0', 148, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  octal(header.reduce((sum, byte) => sum + byte, 0), 148, 6); // prettier-ignore
  header.write('\u0000 ', 154, 'latin1');
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
