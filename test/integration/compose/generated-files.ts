import { imageBefore, type GeneratedCase, type GeneratedProject } from './generated-case.ts';

interface Lines {
  fragments: string[];
  includes: string[];
  services: string[];
  override: string[];
  env: string[];
  files: Record<string, string[]>;
}

/** The files of a generated project; service `s3` is case 3, `s3x` its sibling, `s3b` what it extends. */
export function filesOf(project: GeneratedProject): Record<string, string> {
  const out: Lines = { fragments: [], includes: [], services: [], override: [], env: [], files: {} };
  project.cases.forEach((item, index) => add(item, index, ' '.repeat(project.indent), out));
  const compose = ['# généré ✓', 'name: generated', ...out.fragments];
  if (out.includes.length > 0) compose.push('include:', ...out.includes);
  if (out.services.length > 0) compose.push('services:', ...out.services);
  const files: Record<string, string[]> = { 'compose.yml': compose, '.env': out.env, ...out.files };
  if (out.override.length > 0) files['compose.override.yml'] = ['services:', ...out.override];
  return Object.fromEntries(
    Object.entries(files).map(([name, lines]) => {
      const eol = project.crlf ? '\r\n' : '\n';
      const text = lines.join(eol) + (project.finalNewline ? eol : '');
      return [name, (project.bom ? '\uFEFF' : '') + text];
    }),
  );
}

/** The services besides `s<index>` that take their image from the same place. */
export function sharers(item: GeneratedCase, index: number): string[] {
  const shared = ['alias', 'merge', 'merge-list', 'extends', 'extends-file'].includes(item.place);
  return [
    ...(item.place === 'extends' ? [`s${index}b`] : []),
    ...(item.sibling && shared ? [`s${index}x`] : []),
  ];
}

function add(item: GeneratedCase, index: number, step: string, out: Lines): void {
  const name = `s${index}`;
  const value = template(item, index, out.env);
  const image = (depth: number): string[] => imageLines(item, value, step, depth);
  const names = item.sibling ? [name, `${name}x`] : [name];
  const literal = (service: string): string[] =>
    serviceLines(service, { ...item, flow: false }, step, image(2));
  switch (item.place) {
    case 'own':
      out.services.push(...serviceOwn(name, item, value, step));
      break;
    case 'alias':
      out.fragments.push(...scalarLines(`x-i${index}: &i${index}`, item, value, step, 0, false));
      for (const each of names)
        out.services.push(...serviceLines(each, item, step, [`${step}${step}image: *i${index}`]));
      break;
    case 'merge':
      out.fragments.push(`x-m${index}: &m${index}`, ...image(1));
      for (const each of names)
        out.services.push(...serviceLines(each, item, step, [`${step}${step}<<: *m${index}`]));
      break;
    case 'merge-list':
      out.fragments.push(
        `x-n${index}: &n${index}`,
        `${step}tty: true`,
        `x-m${index}: &m${index}`,
        ...image(1),
      );
      for (const each of names)
        out.services.push(...serviceLines(each, item, step, [`${step}${step}<<: [*n${index}, *m${index}]`]));
      break;
    case 'below-merge':
      out.fragments.push(`x-m${index}: &m${index}`, `${step}image: wrong:0`);
      out.services.push(...serviceLines(name, item, step, [`${step}${step}<<: *m${index}`, ...image(2)]));
      break;
    case 'extends':
      out.services.push(...literal(`${name}b`));
      for (const each of names)
        out.services.push(...serviceLines(each, item, step, [`${step}${step}extends: ${name}b`]));
      break;
    case 'extends-file':
      out.files[`ext/e${index}.yml`] = ['services:', ...literal(`${name}b`)];
      for (const each of names) {
        out.services.push(
          `${step}${each}:`,
          `${step}${step}extends: {file: ext/e${index}.yml, service: ${name}b}`,
        );
      }
      break;
    case 'include':
      out.files[`inc${index}/compose.yml`] = ['services:', ...serviceOwn(name, item, value, step)];
      out.includes.push(`${step}- inc${index}/compose.yml`);
      break;
    case 'override':
      out.services.push(`${step}${name}:`, `${step}${step}image: wrong:0`);
      out.override.push(...serviceOwn(name, item, value, step));
      break;
  }
}

/** The value as written before YAML's own quoting; adds the lines that it needs to the env file. */
function template(item: GeneratedCase, index: number, env: string[]): string {
  const image = imageBefore(item);
  const tag = image.slice(item.name.length + 1);
  const set = (name: string, value: string): void => void env.push(...envLines(item, name, value));
  switch (item.value) {
    case 'literal':
      return image;
    case 'env':
      set(`T${index}`, tag);
      return `${item.name}:\${T${index}}`;
    case 'default':
      return `${item.name}:\${T${index}${item.operator}${tag}}`;
    case 'set-default':
      set(`T${index}`, tag);
      return `${item.name}:\${T${index}${item.operator}unused}`;
    case 'whole':
      set(`I${index}`, image);
      return `\${I${index}}`;
    case 'whole-default':
      return `\${I${index}${item.operator}${image}}`;
    case 'nested':
      return `${item.name}:\${A${index}${item.operator}\${B${index}:-${tag}}}`;
    case 'two':
      set(`T${index}`, tag);
      return `\${R${index}${item.operator}${item.name}}:$T${index}`;
    case 'alternative':
      set(`P${index}`, 'on');
      return `${item.name}:\${P${index}:+${tag}}`;
  }
}

function envLines(item: GeneratedCase, name: string, value: string): string[] {
  switch (item.env) {
    case 'plain':
      return [`${name}=${value}`];
    case 'double':
      return [`${name}="${value}"`];
    case 'single':
      return [`# ${name}='none'`, `${name}='${value}'`];
    case 'export':
      return [`export ${name}=${value}`];
    case 'spaces':
      return [`${name} = ${value}  `];
    case 'colon':
      return [`${name}: ${value}`];
    case 'comment':
      return [`${name}=${value} # ${name}=other`];
    case 'twice':
      return [`${name}=earlier`, `${name}=${value}`];
    case 'indirect':
      return [`V${name}=${value}`, '', `${name}=\${V${name}}`];
  }
}

function serviceOwn(name: string, item: GeneratedCase, value: string, step: string): string[] {
  if (!item.flow) return serviceLines(name, item, step, imageLines(item, value, step, 2));
  const key = item.key === '? image' ? 'image' : item.key;
  const text = item.style === 'single' ? `'${value}'` : `"${value}"`;
  return [`${step}${name}: {tty: true, ${key}: ${text}, restart: always}${comment(item)}`];
}

function serviceLines(name: string, item: GeneratedCase, step: string, lines: readonly string[]): string[] {
  const inner = step + step;
  return [`${step}${name}:${comment(item)}`, `${inner}restart: always`, ...lines, `${inner}stdin_open: true`];
}

function imageLines(item: GeneratedCase, value: string, step: string, depth: number): string[] {
  const indent = step.repeat(depth);
  if (item.key !== '? image')
    return scalarLines(`${indent}${item.key}:`, item, value, step, depth, item.comment);
  return [`${indent}? image`, ...scalarLines(`${indent}:`, item, value, step, depth, false)];
}

function scalarLines(
  head: string,
  item: GeneratedCase,
  value: string,
  step: string,
  depth: number,
  commented: boolean,
): string[] {
  const behind = commented ? comment(item) : '';
  const inner = step.repeat(depth + 1);
  switch (item.style) {
    case 'plain':
      return [`${head} ${value}${behind}`];
    case 'single':
      return [`${head}  '${value}'${behind}`];
    case 'double':
      return [`${head} "${value}"${behind}`];
    case 'escaped':
      // Only what stays: an escape inside the tag cannot come back by a second edit.
      return [
        `${head} "${value.replace(/^[a-z]/, (char) => `\\x${char.charCodeAt(0).toString(16)}`)}"${behind}`,
      ];
    case 'folded':
      return [`${head} >-${behind}`, `${inner}${value}`];
    case 'literal':
      return [`${head} |-${behind}`, `${inner}${value}`];
    case 'str':
      return [`${head} !!str ${value}${behind}`];
  }
}

function comment(item: GeneratedCase): string {
  return item.comment ? ' # größer "image: x:1"' : '';
}
