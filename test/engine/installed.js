// Exits 0 when node_modules holds what package-lock.json asks for. Runs on any Node, before anything is installed.
import { readFileSync } from 'node:fs';

const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
const wanted = Object.entries(packages('package-lock.json')).filter(([path]) => path !== '');
const present = packages('node_modules/.package-lock.json');

// Optional packages are for other platforms: they are left out here, but never present in another version.
const fits = ([path, { version, optional }]) =>
  present[path] ? present[path].version === version : optional === true;
process.exit(wanted.every(fits) ? 0 : 1);
