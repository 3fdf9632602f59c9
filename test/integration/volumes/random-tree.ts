import { generator } from '../../random.ts';

/** Scripts that build and change a tree in the present directory; the same seed gives the same scripts. */
export interface RandomTree {
  build(entries: number): string;
  mutate(changes: number): string;
}

const CHARACTERS = [
  'a',
  'b',
  'Z',
  '0',
  ' ',
  '-',
  '.',
  '\\n',
  "\\'",
  '"',
  '*',
  '\\\\',
  '\\xff',
  '\\xc3\\xa4',
  '\\t',
  '$',
  '\\x01',
];

export function randomTree(seed: number): RandomTree {
  const random = generator(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const below = (limit: number): number => Math.floor(random() * limit);
  const directories = ['.'];
  const files: string[] = [];
  const links: string[] = [];
  let count = 0;

  const name = (): string => {
    const odd = Array.from({ length: below(4) }, () => pick(CHARACTERS)).join('');
    return `${odd}n${count++}`;
  };
  const quoted = (path: string): string => `$'./${path}'`;
  const fresh = (): string => {
    const directory = pick(directories);
    return directory === '.' ? name() : `${directory}/${name()}`;
  };
  const metadata = (path: string): string[] => {
    const target = quoted(path);
    const nanoseconds = String(below(1_000_000_000)).padStart(9, '0');
    return [
      ...(random() < 0.3 ? [`chown -h ${below(70_000)}:${below(70_000)} ${target}`] : []),
      ...(random() < 0.3
        ? [`[ -L ${target} ] || chmod ${pick(['600', '755', '4711', '2640', '1777', '000'])} ${target}`]
        : []),
      ...(random() < 0.2
        ? [`[ -f ${target} ] && setfattr -n user.k${below(9)} -v v${below(99)} ${target}`]
        : []),
      ...(random() < 0.15 ? [`[ -L ${target} ] || setfacl -m u:${below(999) + 1}:rw ${target}`] : []),
      ...(random() < 0.1 ? [`[ -d ${target} ] && setfacl -d -m u:${below(999) + 1}:rx ${target}`] : []),
      ...(random() < 0.1 ? [`[ -d ${target} ] && setfattr -n user.d${below(9)} ${target}`] : []),
      ...(random() < 0.1 ? [`[ -d ${target} ] && setfattr -x user.d${below(9)} ${target}`] : []),
      ...(random() < 0.1 ? [`[ -L ${target} ] || setfacl -b ${target}`] : []),
      ...(random() < 0.1 ? [`[ -f ${target} ] && setcap cap_net_bind_service+ep ${target}`] : []),
      ...(random() < 0.5
        ? [`touch -h -d @${random() < 0.1 ? '-' : ''}${below(2_000_000_000)}.${nanoseconds} ${target}`]
        : []),
    ];
  };
  const make = (): string[] => {
    const path = fresh();
    const target = quoted(path);
    const kind = below(10);
    let made: string;
    if (kind < 2) {
      directories.push(path);
      made = `mkdir ${target}`;
    } else if (kind === 2) {
      links.push(path);
      made = `ln -s ${pick(["'../x y'", '/etc/passwd', "'a//b'", quoted(path)])} ${target}`;
    } else if (kind === 3 && files.length > 0)
      made = `ln ${quoted(pick(links.length > 0 && random() < 0.3 ? links : files))} ${target}`;
    else if (kind === 4)
      made = pick([
        `mkfifo ${target}`,
        `mknod ${target} c ${below(200)} ${below(200)}`,
        `mknod ${target} b 7 ${below(99)}`,
      ]);
    else {
      files.push(path);
      made =
        kind === 6 && random() < 0.3
          ? `head -c ${4_200_000 + below(500_000)} /dev/urandom >${target}`
          : kind === 5
            ? `truncate -s ${below(5_000_000)} ${target} && printf x${below(99)} | dd of=${target} bs=1 seek=${below(4_000_000)} conv=notrunc status=none`
            : `head -c ${below(30_000)} /dev/urandom >${target}`;
    }
    return [made, ...metadata(path)];
  };
  const change = (): string[] => {
    const path = files.length > 0 ? pick(files) : '';
    const target = quoted(path);
    switch (below(9)) {
      case 0:
        return [`rm -rf ${target}`];
      case 1:
        return [`[ -f ${target} ] && echo ${below(999)} >>${target}`];
      case 8:
        return [
          `[ -f ${target} ] && echo ${below(999)} | dd of=${target} bs=1 seek=${below(5_000_000)} conv=notrunc status=none`,
        ];
      case 2:
        return [`[ -f ${target} ] && rm -f ${target} && mkdir ${target} && echo in >${target}/in`];
      case 3:
        return [`mv -T ${target} ${quoted(fresh())}`];
      case 4:
        return [
          `[ -e ${target} ] && true`,
          ...metadata(path).map((line) => `[ -e ${target} ] && { ${line}; }`),
        ];
      case 5: {
        const directory = pick(directories);
        return directory === '.' ? [] : [`rm -rf ${quoted(directory)}`];
      }
      case 6: {
        const directory = pick(directories);
        return directory === '.' ? [] : [`mv -T ${quoted(directory)} ${quoted(fresh())}`];
      }
      default:
        return make();
    }
  };
  const script = (lines: string[]): string =>
    `{ ${lines.map((line) => `${line}\n`).join('')}true\n} 2>/dev/null`;
  return {
    build: (entries) => script(Array.from({ length: entries }, make).flat()),
    mutate: (changes) => script(Array.from({ length: changes }, change).flat()),
  };
}
