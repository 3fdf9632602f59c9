/** Loads what an edit will need while Compose and the engine are being asked: nobody waits for it then. */
export function preloadEditor(): void {
  // A failure shows where it is really needed.
  import('../compose/image-source/yaml-source.ts').then(({ loadYaml }) => loadYaml()).catch(() => undefined);
}
