/** A collection's replication by RxDB's protocol: pull and push over HTTP, live by the workspace's socket. */
import type { WorkspaceChange } from "@agentbus/contracts";
import type { ReplicationPullHandlerResult, RxCollection, RxReplicationWriteToMasterRow, WithDeleted } from "rxdb";
import { replicateRxCollection, type RxReplicationState } from "rxdb/plugins/replication";
import { filter, map, merge } from "rxjs";
import { request } from "~/api/http";
import type { Session } from "~/session/session";
import type { CollectionName, Waiting } from "./documents";
import type { WorkspaceSocket } from "./socket";

interface Checkpoint {
  seq: number;
}

const RETRY_MS = 2_000;

export function replicate<T extends { id: string }>(
  name: CollectionName,
  collection: RxCollection<T>,
  waiting: RxCollection<Waiting>,
  session: Session,
  socket: WorkspaceSocket,
): RxReplicationState<T, Checkpoint> {
  const path = `/api/v3/workspaces/${encodeURIComponent(session.workspaceId)}/sync/${name}`;
  const stream$ = merge(
    socket.resync.pipe(map(() => "RESYNC" as const)),
    socket.changes.pipe(
      filter((change) => change.collection === name),
      map((change: WorkspaceChange) => ({
        documents: [whole<T>(change.document)],
        checkpoint: { seq: change.seq },
      })),
    ),
  );
  return replicateRxCollection<T, Checkpoint>({
    collection,
    replicationIdentifier: path,
    retryTime: RETRY_MS,
    // Of all tabs one does this.
    waitForLeadership: true,
    pull: {
      batchSize: 200,
      stream$,
      handler: async (checkpoint, size) => {
        const query = `seq=${checkpoint?.seq ?? 0}&batch_size=${size}`;
        const { body } = await request<ReplicationPullHandlerResult<T, Checkpoint>>(session, `${path}/pull?${query}`);
        return { documents: body.documents.map((document) => whole<T>(document)), checkpoint: body.checkpoint };
      },
    },
    push: {
      batchSize: 100,
      handler: async (rows) => {
        const began = Date.now();
        const { body } = await request<WithDeleted<T>[]>(session, `${path}/push`, { method: "POST", body: rows });
        const masters = body.map((document) => whole<T>(document));
        const refused = new Set(masters.map((document) => document.id));
        await settle(name, waiting, rows, refused, began);
        return masters;
      },
    },
  });
}

async function settle<T extends { id: string }>(
  name: CollectionName,
  waiting: RxCollection<Waiting>,
  rows: RxReplicationWriteToMasterRow<T>[],
  refused: ReadonlySet<string>,
  began: number,
): Promise<void> {
  const written = rows.map(({ newDocumentState }) => newDocumentState.id).filter((id) => !refused.has(id));
  const found = await waiting.findByIds(written.map((id) => `${name}/${id}`)).exec();
  const sent = [...found.values()].filter((row) => row.at <= began);
  if (sent.length > 0) await waiting.bulkRemove(sent.map((row) => row.key));
}

function whole<T>(document: unknown): WithDeleted<T> {
  return { _deleted: false, ...(document as object) } as WithDeleted<T>;
}
