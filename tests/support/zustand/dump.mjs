// Prints, as JSON, localStorage as the old client left it: `values` as the browser holds them (with tokens),
// `sent` as they leave it, and the client's `count` and `content_hash`.
// node dump.mjs --tasks 20 --environments 3 --words 20 --seed 1

import { parseArgs } from "node:util";

import { countAndHash, withoutTokens } from "./content.mjs";
import { environment, oddTask, random, task } from "./samples.mjs";
import { LocalStorage, environmentStore, taskStore } from "./stores.mjs";

const { values: options } = parseArgs({
  options: {
    tasks: { type: "string", default: "20" },
    environments: { type: "string", default: "3" },
    words: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
  },
});
const next = random(Number(options.seed));
const storage = new LocalStorage();
const tasks = taskStore(storage).getState();
const environments = environmentStore(storage).getState();

// One by one and edited, as a person did; many at once, because each step writes the whole store.
const many = Array.from({ length: Number(options.tasks) }, (_, index) => task(next, index, Number(options.words)));
tasks.setTasks(many.slice(20));
for (const each of many.slice(0, 20)) tasks.addTask(each);
tasks.addTask(oddTask(next));
for (let index = 0; index < Number(options.environments); index += 1) {
  environments.addEnvironment(environment(next, index));
}
const removed = task(next, 0, 1);
tasks.addTask(removed);
tasks.removeTask(removed.id);

const values = storage.values();
const sent = Object.fromEntries(Object.entries(values).map(([key, raw]) => [key, withoutTokens(raw)]));
const stored = (key, collection) => JSON.parse(sent[key]).state[collection].map((each) => [collection, each]);
const own = countAndHash([...stored("task-store", "tasks"), ...stored("environments", "environments")]);
process.stdout.write(JSON.stringify({ values, sent, ...own }));
