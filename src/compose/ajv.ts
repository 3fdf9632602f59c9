// CommonJS, like yaml: imported dynamically through this module, so that the bundle keeps its named export.
export { Ajv } from 'ajv';
