/* Old Nodes must be able to read this file to be told that they are too old: no newer syntax outside the import. */
/* global process, URL */
var parts = process.versions.node.split('.').map(Number);
var major = parts[0];
var minor = parts[1];
var patch = parts[2];
var suitable =
  (major === 22 && (minor > 22 || (minor === 22 && patch >= 2))) ||
  (major === 24 && minor >= 15) ||
  major > 24;

if (suitable) {
  import('./start.js');
} else {
  process.stderr.write(
    'docker rewind: Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      ') is too old: version 22.22.2, 24.15 or later is needed; install one, or set DOCKER_REWIND_NODE=/path/to/node\n',
  );
  process.exitCode = 1;
}
