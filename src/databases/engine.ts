import type { Readable } from 'node:stream';
import type { StreamingRunner } from '../docker/runner.ts';
import type { StoredFile } from '../stores/store.ts';

/** The servers that we know how to dump. A MySQL server is `mysql`, MariaDB is `mariadb`: their tools differ. */
export type EngineKind = 'postgres' | 'mysql' | 'mariadb' | 'redis' | 'sqlite' | 'custom';

/** A database service of the project, as a plan says it: plain data, JSON both ways. */
export interface DatabaseService {
  /** In the Compose files. */
  service: string;
  kind: EngineKind;
  /** Only these databases; undefined: all that are the users' own. */
  databases?: readonly string[];
  /** `custom`: shell commands that run in the container; the dump goes to standard output and comes on standard input. */
  commands?: { dump: string; restore: string };
}

/** A running server: its service, and the container that runs now. */
export interface Server extends DatabaseService {
  container: string;
}

/** What a table of a dump holds. */
export interface TableCount {
  /** With its schema where the engine has schemas: `public.orders`. */
  name: string;
  /** Rows in the snapshot that the dump was made from. */
  rows: number;
}

/** One dump in a restore point. */
export interface DatabaseArtifact {
  /** What people call it: `db/shop`, service and database. */
  key: string;
  service: string;
  engine: EngineKind;
  /** The server's version, as it says it: `15.14`, `10.11.14`. */
  version: string;
  /** The database's name; of an engine without databases, the service's. */
  database: string;
  /** What the engine's own tool wrote. */
  dump: StoredFile;
  /** Roles, users, grants: what belongs to the server, not to one database. Shared by all databases of the service. */
  globals: StoredFile | null;
  /** Tables and their rows; null where they were not counted. */
  tables: TableCount[] | null;
  /** ISO 8601: the moment that the dump shows, and when it was done. */
  takenAt: string;
  finishedAt: string;
  /** Bytes of the database in the server, as far as it says; for the check of free space. */
  serverBytes: number;
  /** What the engine needs for the restore besides (owner, encoding, checksums); plain data, JSON both ways. */
  details: Record<string, unknown>;
  /** What people should know. */
  notes: string[];
}

/** What the work on a server needs of its surroundings. */
export interface EngineContext {
  runner: StreamingRunner;
  signal: AbortSignal;
  /** What is done so far, for the progress display: bytes of the dump, and a table's name where one is at hand. */
  onProgress: (database: string, bytes: number, table?: string) => void;
  /** Lines for people. */
  onLine: (line: string) => void;
  /** The image for helper containers, present on the host; undefined where the plan prepared none. */
  helperImage: string | undefined;
}

export interface DumpRequest {
  /** Count the rows in the dump's own snapshot; left out by itself where it would take longer than the budget. */
  counts: boolean;
  /** Writes one file of the restore point; `path` is below `databases/<service>/`. */
  write: (path: string, content: AsyncIterable<Uint8Array>) => Promise<StoredFile>;
}

/** What a server holds now, for plan and space checks; nothing is changed. */
export interface ServerState {
  version: string;
  databases: { name: string; bytes: number }[];
}

/** A stored dump that is to be put back, and under which name. */
export interface LoadTarget {
  artifact: DatabaseArtifact;
  /** The artifact's own database, or another name (`--to-database`). */
  database: string;
  /** `--to-database`: it must not exist; where it does by now, load and swap refuse. */
  isNew: boolean;
}

export interface LoadRequest {
  /** The id of this restore: letters and digits, unique. Names of what is made beside the live data come from it. */
  restore: string;
  targets: readonly LoadTarget[];
  /** A file of the restore point; every byte is checked on the way, the stream fails at the end where one is wrong. */
  read: (file: StoredFile) => Promise<Readable>;
  /** Reads a file and does nothing with it; throws where a byte is wrong. */
  check: (file: StoredFile, onBytes: (bytes: number) => void) => Promise<void>;
  /** Where a file is on this host, for what reads it unchecked besides; undefined where the store is elsewhere. */
  pathOf: (file: StoredFile) => Promise<string | undefined>;
  /**
   * A directory on this host for small notes for swap, unswap and drop (write them with `writeDurably`): this service's
   * alone, there until the restore is over.
   */
  workDirectory: string;
}

/**
 * How one kind of server is dumped and put back. All work is done by the tools in the server's own container, with
 * the container's own credentials: no password is ever in an argument of ours.
 *
 * Restore goes load → swap → (services are healthy) → drop; unswap is the way back from any point of these, also
 * after a kill: each of swap, unswap and drop can be repeated and can follow any half-done other one.
 */
export interface DatabaseEngine {
  /** Whether a dump can be put beside the live data under another name (`--to-database`). */
  readonly separates: boolean;
  /**
   * Whether the server must be running for the work, which is done in its container. Otherwise (files in volumes)
   * `container` may be a stopped one, and those that mount its volumes are stopped from before swap until after it.
   */
  readonly online: boolean;
  observe(server: Server, context: EngineContext): Promise<ServerState>;
  /** Whether load checks every byte of this dump before it does anything with it; otherwise that is done before. */
  readonly checksFirst?: (artifact: DatabaseArtifact) => boolean;
  /** Dumps all asked-for databases. A tool that fails, is killed, is cut off or writes nothing makes this throw. */
  dump(server: Server, request: DumpRequest, context: EngineContext): Promise<DatabaseArtifact[]>;
  /**
   * What people should know before a dump is loaded into a server as observed (another version, what will be missing).
   * Throws where it cannot work.
   */
  advise(artifact: DatabaseArtifact, state: ServerState): string[];
  /** Loads beside the live data and compares with what was dumped. Live data is not touched. */
  load(server: Server, request: LoadRequest, context: EngineContext): Promise<void>;
  /** Puts what was loaded in the place of the live data, which is kept. */
  swap(server: Server, request: LoadRequest, context: EngineContext): Promise<void>;
  /** Only where `online` is false: whether a swap was begun, so that clients may have the restored files open. */
  isSwapped?(server: Server, request: LoadRequest, context: EngineContext): Promise<boolean>;
  /** Puts the kept data back, and removes what was loaded. Does nothing where there is neither. */
  unswap(server: Server, request: LoadRequest, context: EngineContext): Promise<void>;
  /** Deletes the kept data. */
  drop(server: Server, request: LoadRequest, context: EngineContext): Promise<void>;
}
