import { Ajv } from 'ajv';
import schema from '../../docs/x-rewind.schema.json' with { type: 'json' };

/** Whether a block is what the schema describes; `errors` says why not. The build compiles it, which takes its time. */
export const validate = new Ajv({ strict: false }).compile(schema);
