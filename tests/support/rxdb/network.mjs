// One client's way to the server: HTTP that can be cut at any moment, also after the server has acted.

export class Network {
  #origin;
  #token;
  #random;
  #open = new Set();
  online = true;

  constructor(origin, token, random) {
    this.#origin = origin;
    this.#token = token;
    this.#random = random;
  }

  /** Cuts every request that is under way, and refuses new ones. */
  cut() {
    this.online = false;
    for (const controller of this.#open) controller.abort();
  }

  mend() {
    this.online = true;
  }

  /** Returns the answer as JSON; of a request in fifty the answer is lost on its way back. */
  async json(path, body) {
    return this.#during(async (signal) => {
      const answer = await this.#fetch(path, body, signal);
      if (this.#random() < 0.02) throw new Error("the answer was lost");
      return answer.json();
    });
  }

  /** Calls `event` with the value of each server-sent event, until the stream ends or is cut. */
  async events(path, event) {
    await this.#during(async (signal) => {
      const answer = await this.#fetch(path, undefined, signal);
      let text = "";
      for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) {
          if (part.startsWith("data: ")) event(JSON.parse(part.slice("data: ".length)));
        }
      }
    });
  }

  async #during(work) {
    if (!this.online) throw new Error("offline");
    const controller = new AbortController();
    this.#open.add(controller);
    try {
      return await work(controller.signal);
    } finally {
      this.#open.delete(controller);
    }
  }

  async #fetch(path, body, signal) {
    const headers = { authorization: `Bearer ${this.#token}` };
    const request = body === undefined ? { headers, signal } : {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal,
    };
    const answer = await fetch(this.#origin + path, request);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}
