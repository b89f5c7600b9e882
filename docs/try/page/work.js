// Questions to the worker, and its answers.

export class Work {
  constructor() {
    this.questions = new Map();
    this.last = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.answered(data);
    this.worker.onerror = (event) => this.failed(event);
  }

  /** Ask for work; `tell` is told of its share that is done. The answer may be null: outdated. */
  ask(kind, request, tell = () => {}) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.questions.set(id, { resolve, reject, tell });
      this.worker.postMessage({ id, kind, ...request });
    });
  }

  answered({ id, share, result, error, columns }) {
    const question = this.questions.get(id);
    if (share !== undefined) return question.tell(share);
    this.questions.delete(id);
    if (error === undefined) return question.resolve(result);
    return question.reject(Object.assign(new Error(error), { columns }));
  }

  failed(event) {
    const error = new Error(`This browser cannot do the work: ${event.message ?? "its worker did not start"}.`);
    for (const { reject } of this.questions.values()) reject(error);
    this.questions.clear();
  }
}
