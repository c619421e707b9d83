// The WebSocket to the engine. Requests carry a number; the answer with that number is JSON, or a tensor:
// int32 id, int32 rank, int32 sizes, float32 values, all little endian.

export interface Matrix {
  shape: number[];
  values: Float32Array;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

const ENDED = 'the connection to the engine has ended';
const AGAIN_AFTER = 2000;

export type Event = { event: string } & Record<string, unknown>;

export class Wire {
  private socket?: WebSocket;
  private next = 1;
  private readonly waiting = new Map<number, Waiting>();
  /** called for messages that answer nothing */
  onevent: (event: Event) => void = () => {};
  /** called when the connection ends, and again whenever it could not be made anew */
  onend: () => void = () => {};

  /** Connects, and connects again a while after the connection ends: the engine may only have been out of reach. */
  connect(): void {
    this.open();
    setInterval(() => this.send({ do: 'ping' }), 60_000);
  }

  private open(): void {
    this.socket = new WebSocket(`ws://${location.host}/socket`);
    this.socket.binaryType = 'arraybuffer';
    this.socket.onmessage = (message) => this.receive(message.data);
    this.socket.onclose = () => {
      const waiting = [...this.waiting.values()];
      this.waiting.clear();
      this.onend();
      for (const one of waiting) one.reject(new Error(ENDED));
      setTimeout(() => this.open(), AGAIN_AFTER);
    };
  }

  /** Asks, and gives the answer's fields, or a tensor for `rows`. `started` learns the request's number. */
  ask<T>(request: Record<string, unknown>, started?: (id: number) => void): Promise<T> {
    if (this.socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Error(ENDED));
    const id = this.next++;
    started?.(id);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (value: never) => void, reject });
      this.send({ ...request, id });
    });
  }

  /** Says that some requests are not needed any more. */
  drop(ids: number[]): void {
    for (const id of ids) this.waiting.delete(id);
    this.send({ do: 'drop', ids });
  }

  stop(): void {
    this.send({ do: 'stop' });
  }

  private send(message: Record<string, unknown>): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      const head = new Int32Array(data, 0, 2);
      const shape = [...new Int32Array(data, 8, head[1])];
      this.take(head[0])?.resolve({ shape, values: new Float32Array(data, 8 + 4 * head[1]) } as never);
      return;
    }
    const message = JSON.parse(data);
    if (message.event) this.onevent(message);
    else if (message.error !== undefined && message.id < 0) this.onevent({ event: 'error', error: message.error });
    else if (message.error !== undefined) this.take(message.id)?.reject(new Error(message.error));
    else this.take(message.id)?.resolve(message as never);
  }

  private take(id: number): Waiting | undefined {
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    return one;
  }
}
