// The client's part of the conflict rule (compatibility.md section 3): last write wins, field by field.

const SERVERS = new Set(["updatedAt", "createdAt"]);

const value = (state, name) => (name === "_deleted" ? Boolean(state?._deleted) : state?.[name]);
const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);

/** Returns the names of the fields that differ; those that the server sets do not count. */
export function differing(left, right) {
  const names = new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {}), "_deleted"]);
  return [...names].filter((name) => !SERVERS.has(name) && !same(value(left, name), value(right, name)));
}

/** Returns RxDB's conflict handler; `conflict` hears of each document with fields that both have changed. */
export function merging(conflict) {
  return {
    isEqual: (left, right) => differing(left, right).length === 0,
    resolve: async ({ newDocumentState: ours, assumedMasterState: assumed, realMasterState: master }) => {
      const changed = differing(ours, assumed);
      const both = new Set(differing(master, assumed));
      const fields = changed.filter((name) => both.has(name) && !same(value(ours, name), value(master, name)));
      if (fields.length > 0) conflict({ id: ours.id, fields, ours });
      return { ...master, ...Object.fromEntries(changed.map((name) => [name, value(ours, name)])) };
    },
  };
}
