// The yaml package is CommonJS: bundled, a dynamic import of it has no named exports. So this module is imported
// dynamically in its place, by whoever needs YAML: it takes 50 ms to load.
export { isAlias, isMap, isScalar, isSeq, parse, parseAllDocuments, visit } from 'yaml';
