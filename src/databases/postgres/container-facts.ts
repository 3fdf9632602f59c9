/** What a load has to know of the server's container: the lines of LOOK behind those of the server. */
export interface ContainerFacts {
  /** Whose files those of `docker exec` are. */
  uid: number;
  gid: number;
  /** Whether it may read every file, whoever owns it. */
  readsAll: boolean;
  /** Processors. */
  cores: number;
  /** Bytes of memory that it may use; 0 where that is not known. */
  memory: number;
  /** Directories on a disk, not in memory, with their free bytes. The first one that is large enough is taken. */
  places: readonly { path: string; free: number }[];
}

/** CAP_DAC_OVERRIDE among the capabilities of a process. */
const READS_ALL = 2n;

/** Reads `UID GID CORES MEMORY CAPABILITIES`, and for each place `BYTES PATH`. Whatever is missing there is none of. */
export function containerFacts(line: string, places: readonly string[]): ContainerFacts {
  const words = line.split(' ');
  const [uid, gid, cores, memory] = words.map((text) => (/^\d+$/.test(text) ? Number(text) : undefined));
  const capabilities = /^[0-9a-f]+$/i.test(words[4] ?? '') ? BigInt(`0x${words[4]}`) : 0n;
  const found = places.map((place) => {
    const at = place.indexOf(' ');
    return { free: Number(place.slice(0, at)), path: place.slice(at + 1) };
  });
  return {
    uid: uid ?? 0,
    gid: gid ?? 0,
    readsAll: (capabilities & READS_ALL) !== 0n,
    cores: cores ?? 1,
    memory: memory ?? 0,
    places: uid === undefined || gid === undefined ? [] : found,
  };
}
