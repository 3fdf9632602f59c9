import type { ComposeOptions } from '../options.ts';

/** One wish: the image of `service` in the resolved model shall be exactly `image`, a whole reference. */
export interface ImageChange {
  service: string;
  image: string;
}

export interface ImageEditOptions {
  /** Write a literal into the service itself instead of editing what it shares with others. */
  pin?: boolean;
  /** Add a line for a variable that nothing sets to the env file, instead of editing its default. */
  writeEnv?: boolean;
  /** Write the pin into `compose.rewind.yml`, the last file of the chain, and leave all other files alone. */
  override?: boolean;
}

/** One replacement. `offset` counts bytes of the file before any edit; the texts are UTF-8. */
export interface ByteEdit {
  offset: number;
  removed: string;
  inserted: string;
}

/**
 * All edits of one file, as plain data: it goes into plans and journals, so it holds no byte of the file besides
 * the edited ones.
 */
export interface FileEdit {
  /** Absolute, symbolic links resolved. */
  path: string;
  /** Of the whole file before the edit, in hex; of nothing where the file is created. */
  sha256: string;
  /** In ascending order of offset, not overlapping. */
  edits: ByteEdit[];
  /** The file does not exist before. */
  create?: true;
}

/** One value of the resolved model that an edit moves besides the images that were asked for. */
export interface Effect {
  /** Where in the model: `services.web.image`, `services.api.build.args.TAG`. */
  path: string;
  service?: string;
  kind: 'image' | 'other';
  /** As text; JSON for what is not a string; empty where there was or will be nothing. */
  before: string;
  after: string;
}

/** What has to be edited so that the resolved model shows the wanted images. */
export interface ImageEditPlan {
  files: FileEdit[];
  /** Every change of the resolved model besides the wanted images: they need consent. */
  effects: Effect[];
  /** For people: where the value is written, `digest dropped`, … */
  notes: string[];
  /** How Compose must be called after the edit, for instance with `compose.rewind.yml` at the end of the chain. */
  options: ComposeOptions;
}
