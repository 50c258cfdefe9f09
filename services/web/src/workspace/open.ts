/**
 * The workspace in this browser: an RxDB database that outlives tab and browser, replicated while the system
 * answers. Every edit is in it, and marked as waiting, before anything is sent; so a tab may close at any
 * moment. Loaded after the frame stands (WorkspaceProvider).
 */
import type { Environment, Task } from "@agentbus/contracts";
import { createRxDatabase, addRxPlugin, type RxCollection, type RxDatabase } from "rxdb";
import { RxDBLeaderElectionPlugin } from "rxdb/plugins/leader-election";
import { getRxStorageDexie } from "rxdb/plugins/storage-dexie";
import { BehaviorSubject } from "rxjs";
import type { Session } from "~/session/session";
import { type CollectionName, differing, ENVIRONMENTS, merging, TASKS, WAITING, type Waiting } from "./documents";
import { type Draft, dropDraft, leftDrafts } from "./drafts";
import { replicate } from "./replicate";
import { type SocketState, WorkspaceSocket } from "./socket";

addRxPlugin(RxDBLeaderElectionPlugin);

interface Collections {
  tasks: RxCollection<Task>;
  environments: RxCollection<Environment>;
  waiting: RxCollection<Waiting>;
}

export interface SyncState {
  readonly socket: SocketState;
  readonly waiting: number;
  /** Who has the workspace open. */
  readonly present: readonly string[];
}

export class LiveWorkspace {
  readonly state: BehaviorSubject<SyncState>;
  readonly collections: Collections;
  private readonly database: RxDatabase<Collections>;
  private readonly socket: WorkspaceSocket;

  private constructor(database: RxDatabase<Collections>, session: Session) {
    this.database = database;
    this.collections = database.collections;
    this.state = new BehaviorSubject<SyncState>({ socket: "connecting", waiting: 0, present: [] });
    this.socket = new WorkspaceSocket(session);
    this.socket.presence.subscribe((present) => this.tell({ present }));
    this.collections.waiting.count().$.subscribe((waiting) => this.tell({ waiting }));
    const { tasks, environments, waiting } = this.collections;
    const replications = [
      replicate("tasks", tasks, waiting, session, this.socket),
      replicate("environments", environments, waiting, session, this.socket),
    ];
    this.socket.state.subscribe((socket) => {
      this.tell({ socket });
      if (socket === "expired" || socket === "refused") for (const each of replications) void each.cancel();
    });
  }

  static async open(session: Session): Promise<LiveWorkspace> {
    const name = `agentbus-${hex(session.workspaceId)}-${hex(session.userId)}`;
    const storage = getRxStorageDexie();
    const database = await createRxDatabase<Collections>({ name, storage, multiInstance: true, closeDuplicates: true });
    let waiting: RxCollection<Waiting> | undefined;
    const settled = (collection: CollectionName) => (id: string) => {
      void waiting?.findOne(`${collection}/${id}`).remove();
    };
    const collections = await database.addCollections({
      tasks: { schema: TASKS, conflictHandler: merging<Task>(settled("tasks")) },
      environments: { schema: ENVIRONMENTS, conflictHandler: merging<Environment>(settled("environments")) },
      waiting: { schema: WAITING },
    });
    waiting = collections.waiting as RxCollection<Waiting>;
    const workspace = new LiveWorkspace(database, session);
    await workspace.takeIn(leftDrafts(session.workspaceId));
    return workspace;
  }

  /** Makes a document here; it is sent when the system answers. */
  async create(name: CollectionName, document: object): Promise<string> {
    const id = crypto.randomUUID();
    await this.mark(name, id);
    await this.collections[name].insert({ id, createdAt: new Date().toISOString(), ...document } as never);
    return id;
  }

  /** Changes fields of a document here; `undefined` removes one. */
  async edit(name: CollectionName, id: string, change: object): Promise<void> {
    const document = await this.collections[name].findOne(id).exec();
    if (!document) return;
    if (differing({ ...document.toJSON(), ...change }, document.toJSON()).length === 0) return;
    await this.mark(name, id);
    await document.incrementalModify((old: object) => ({ ...old, ...change }) as never);
  }

  async remove(name: CollectionName, id: string): Promise<void> {
    await this.mark(name, id);
    await this.collections[name].findOne(id).remove();
  }

  /** Stores what a tab was killed over. */
  private async takeIn(drafts: readonly Draft[]): Promise<void> {
    for (const { key, collection, id, field, value } of drafts) {
      if (collection !== "tasks" && collection !== "environments") continue;
      await this.edit(collection, id, { [field]: value });
      dropDraft(key, value);
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.database.close();
  }

  private async mark(name: CollectionName, id: string): Promise<void> {
    await this.collections.waiting.incrementalUpsert({ key: `${name}/${id}`, at: Date.now() });
  }

  private tell(change: Partial<SyncState>): void {
    this.state.next({ ...this.state.value, ...change });
  }
}

/** Names of databases are lower case letters and digits. */
function hex(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
