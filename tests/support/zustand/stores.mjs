// The two stores of the old client, on the real persist middleware (compatibility.md section 2).

import { createJSONStorage, persist } from "zustand/middleware";
import { createStore } from "zustand/vanilla";

/** Storage as browsers have it: strings, and a quota of 5 M UTF-16 units that throws. */
export class LocalStorage {
  #values = new Map();

  getItem(key) {
    return this.#values.get(key) ?? null;
  }

  setItem(key, value) {
    const others = [...this.#values].filter(([name]) => name !== key);
    const used = others.reduce((sum, [name, text]) => sum + name.length + text.length, key.length);
    if (used + value.length > 5 * 1024 * 1024) throw new DOMException(key, "QuotaExceededError");
    this.#values.set(key, String(value));
  }

  removeItem(key) {
    this.#values.delete(key);
  }

  /** All of it, as the importer sends it. */
  values() {
    return Object.fromEntries(this.#values);
  }
}

const changed = (list, id, fields) =>
  list.map((each) => (each.id === id ? { ...each, ...fields, updatedAt: new Date().toISOString() } : each));

/** The task store, under `task-store`. */
export function taskStore(storage) {
  const actions = (set) => ({
    tasks: [],
    addTask: (task) => set((state) => ({ tasks: [task, ...state.tasks] })),
    setTasks: (tasks) => set({ tasks }),
    updateTask: (id, fields) => set((state) => ({ tasks: changed(state.tasks, id, fields) })),
    removeTask: (id) => set((state) => ({ tasks: state.tasks.filter((each) => each.id !== id) })),
  });
  return createStore(persist(actions, { name: "task-store", storage: createJSONStorage(() => storage) }));
}

/** The environment store, under `environments`. */
export function environmentStore(storage) {
  const actions = (set) => ({
    environments: [],
    addEnvironment: (each) => set((state) => ({ environments: [...state.environments, each] })),
    updateEnvironment: (id, fields) =>
      set((state) => ({ environments: changed(state.environments, id, fields) })),
  });
  return createStore(persist(actions, { name: "environments", storage: createJSONStorage(() => storage) }));
}
