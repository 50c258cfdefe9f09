// A client of one workspace's tasks: a real RxDB database in memory, replicated by pull, push and stream.

import { createRxDatabase } from "rxdb";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { Subject } from "rxjs";

import { merging } from "./merging.mjs";

const TEXT = { type: "string" };
const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: {
    id: { type: "string", maxLength: 128 },
    title: TEXT,
    description: TEXT,
    status: TEXT,
    statusMessage: TEXT,
    branch: TEXT,
    messages: { type: "array", items: { type: "object" } },
    isArchived: { type: "boolean" },
    hasChanges: { type: "boolean" },
    createdAt: TEXT,
    updatedAt: TEXT,
  },
  required: ["id"],
};

export class Client {
  conflicts = [];
  errors = [];

  static async open(name, network, workspace) {
    const client = new Client();
    const database = await createRxDatabase({ name, storage: getRxStorageMemory(), multiInstance: false });
    const conflictHandler = merging((conflict) => client.conflicts.push(conflict));
    const { tasks } = await database.addCollections({ tasks: { schema: SCHEMA, conflictHandler } });
    Object.assign(client, { name, network, database, tasks });
    client.path = `/api/v3/workspaces/${encodeURIComponent(workspace)}/sync/tasks`;
    client.#replicate();
    return client;
  }

  /** Goes offline in the middle of whatever it does. */
  disconnect() {
    this.network.cut();
  }

  connect() {
    this.network.mend();
    this.replication.reSync();
  }

  /** Returns every task by id, without what the server alone sets. */
  async state() {
    const found = await this.tasks.find().exec();
    return Object.fromEntries(found.map((task) => [task.id, clean(task.toJSON())]));
  }

  async close() {
    this.closed = true;
    this.network.cut();
    await this.replication.cancel();
    await this.database.close();
  }

  #replicate() {
    const live = new Subject();
    this.replication = replicateRxCollection({
      collection: this.tasks,
      replicationIdentifier: this.path,
      retryTime: 100,
      waitForLeadership: false,
      push: { batchSize: 20, handler: (rows) => this.network.json(`${this.path}/push`, rows) },
      pull: {
        batchSize: 50,
        stream$: live.asObservable(),
        handler: (checkpoint, size) =>
          this.network.json(`${this.path}/pull?seq=${checkpoint?.seq ?? 0}&batch_size=${size}`),
      },
    });
    this.replication.error$.subscribe((error) => this.errors.push(String(error.parameters?.errors?.[0]?.message ?? error)));
    this.#listen(live);
  }

  async #listen(live) {
    while (!this.closed) {
      try {
        await this.network.events(`${this.path}/stream`, (event) => live.next(event));
      } catch {
        // cut, offline, or the server stopped: it comes again
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export function clean(document) {
  const { createdAt, updatedAt, _deleted, _rev, _meta, _attachments, ...rest } = document;
  return rest;
}
