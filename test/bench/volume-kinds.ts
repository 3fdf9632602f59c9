/** A volume to measure with: bash scripts that fill it, and that change one per cent of its data. */
export interface VolumeKind {
  build: (scale: number) => string;
  change: string;
}

// Half of every file can be compressed, half cannot.
const FILL = `
fill() { { head -c $(($1 / 2)) /dev/urandom ; yes "line of text" | head -c $(($1 / 2)) ; } >"$2" ; }
`;

export const VOLUMES: Readonly<Record<string, VolumeKind>> = {
  mixed: {
    build: (scale) => `${FILL}
for d in $(seq ${Math.ceil(590 * scale)}); do
  mkdir "d$d" ; for f in $(seq 100); do fill $(((f * 7919 + d * 104729) % 44000)) "d$d/f$f" ; done
done`,
    change: `${FILL}
for d in d*; do fill 22000 "$d/f$((RANDOM % 100 + 1))" ; done`,
  },
  small: {
    build: (scale) => `
for d in $(seq ${Math.ceil(400 * scale)}); do mkdir "d$d" ; for f in $(seq 500); do echo "$d $f" >"d$d/f$f" ; done ; done`,
    change:
      'for d in d*; do for f in 1 2 3 4 5; do echo "$RANDOM" >"$d/f$((RANDOM % 500 + 1))" ; done ; done',
  },
  sparse: {
    build: (scale) => `
truncate -s ${Math.ceil(8000 * scale)}M big
for n in $(seq ${Math.ceil(100 * scale)}); do
  head -c 10M /dev/urandom | dd of=big bs=1M seek=$((n * 80)) conv=notrunc status=none
done`,
    change: 'head -c 10M /dev/urandom | dd of=big bs=1M seek=80 conv=notrunc status=none',
  },
};
