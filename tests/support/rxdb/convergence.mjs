// Clients that edit the same tasks at random, with random disconnects; what came of it, as one line of JSON.
//
//   node convergence.mjs '{"origin", "token", "workspace", "clients", "operations", "seed", "within_seconds"}'

import { Client } from "./client.mjs";
import { Network } from "./network.mjs";

const options = JSON.parse(process.argv[2]);
const random = mulberry32(options.seed);
const FIELDS = ["title", "description", "statusMessage", "branch"];
const STATUSES = ["IN_PROGRESS", "PAUSED", "DONE", "MERGED", "CANCELLED"];

/** A small generator of random numbers with a seed (public domain, Tommy Ettinger). */
function mulberry32(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pick = (items) => items[Math.floor(random() * items.length)];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Does one thing as a person would, and notes in `writes` what it wrote last to each field. */
async function operate(client, number, writes) {
  const chance = random();
  const tasks = await client.tasks.find().exec();
  if (tasks.length < 5 || chance < 0.05) {
    const id = `${client.name}-${number}`;
    await client.tasks.insert({ id, title: `${client.name}:${number}`, status: "IN_PROGRESS" });
    return note(writes, client, id, "title", `${client.name}:${number}`);
  }
  const task = pick(tasks);
  if (chance < 0.06) {
    await task.incrementalRemove();
    return note(writes, client, task.id, "_deleted", true);
  }
  const field = chance < 0.2 ? "status" : pick(FIELDS);
  const value = field === "status" ? pick(STATUSES) : `${client.name}:${number}`;
  await task.incrementalPatch({ [field]: value });
  note(writes, client, task.id, field, value);
}

function note(writes, client, id, field, value) {
  writes.set(JSON.stringify([client.name, id, field]), value);
}

async function edit(client, operations, writes) {
  for (let number = 0; number < operations; number += 1) {
    if (random() < 0.02) {
      client.disconnect();
      setTimeout(() => client.connect(), random() * 1500);
    }
    await operate(client, number, writes);
    await pause(random() * 40);
  }
}

async function serverState(network, path) {
  const state = {};
  for (let seq = 0; ; ) {
    const pulled = await network.json(`${path}/pull?seq=${seq}&batch_size=1000`);
    for (const { createdAt, updatedAt, _deleted, ...rest } of pulled.documents) {
      if (_deleted) delete state[rest.id];
      else state[rest.id] = rest;
    }
    if (pulled.documents.length < 1000) return state;
    seq = pulled.checkpoint.seq;
  }
}

const text = (state) =>
  JSON.stringify(Object.keys(state).sort().map((id) => Object.entries(state[id]).sort()));

async function converge(clients, calm) {
  const deadline = Date.now() + options.within_seconds * 1000;
  for (;;) {
    await Promise.all(clients.map((client) => client.replication.awaitInSync()));
    const wanted = text(await serverState(calm, clients[0].path));
    const states = await Promise.all(clients.map(async (client) => text(await client.state())));
    if (states.every((state) => state === wanted)) return true;
    if (Date.now() > deadline) return false;
    await pause(100);
  }
}

const began = Date.now();
const calm = new Network(options.origin, options.token, () => 1);
const clients = await Promise.all(
  Array.from({ length: options.clients }, (_, index) =>
    Client.open(`c${index}`, new Network(options.origin, options.token, random), options.workspace),
  ),
);
const writes = new Map();
const each = Math.ceil(options.operations / clients.length);
await Promise.all(clients.map((client) => edit(client, each, writes)));
await pause(1600);
for (const client of clients) client.connect();
const converged = await converge(clients, calm);
const told = {
  converged,
  seconds: (Date.now() - began) / 1000,
  state: await serverState(calm, clients[0].path),
  states: converged ? [] : await Promise.all(clients.map((client) => client.state())),
  writes: [...writes].map(([key, value]) => [...JSON.parse(key), value]),
  conflicts: clients.flatMap((client) => client.conflicts.map((each) => ({ client: client.name, ...each }))),
  errors: clients.map((client) => client.errors.length),
};
await Promise.all(clients.map((client) => client.close()));
process.stdout.write(JSON.stringify(told), () => process.exit(0));
