// Everything that came from the engine. Views read from it while they draw; what is not there yet is asked for and drawn
// hatched until it arrives. What a view no longer asks for is dropped before the engine begins it.

import { type Event, type Matrix, Wire } from './wire';
import { Training } from './training';
import { Words } from './words';
import type { Derivation, Draw, Facts, Named, Piece, Settings, Trace } from './types';

const PREFIXES = ['', 'decoder.', 'encoder.', 'text.', 'vision.'];
const FLOATS_PER_REQUEST = 1 << 19;
const MOST_ANSWERS = 400;

interface Flight {
  name: string;
  from: number;
  to: number;
  wanted: number;
}

export interface Continuation {
  settings: Settings;
  text: string;
  count: number;
}

export class Store {
  readonly wire = new Wire();
  readonly words = new Words(this.wire, () => this.touch());
  models: string[] = [];
  facts?: Facts;
  tokens: Piece[] = [];
  /** tokens of the prompt; the others were generated */
  prompted = 0;
  tensors = new Map<string, Named>();
  agreement = NaN;
  /** what stands before the names of the stack that is shown: nothing, `encoder.`, `vision.` ... */
  prefix = '';
  /** what the engine is doing, in words; empty when it waits */
  busy = '';
  error = '';
  ended = false;
  continuations: Continuation[] = [];
  /** the training run that the models are steps of */
  training?: Training;
  /** the saved step whose model all numbers are of */
  shown?: { step: number; name: string };

  private rows = new Map<string, Float32Array[]>();
  private readonly revisions = new Map<string, number>();
  private epoch = 0;
  private readonly flights = new Map<number, Flight>();
  private wanted = new Map<string, Set<number>>();
  private readonly answers = new Map<string, unknown>();
  private readonly asked = new Set<string>();
  /** tensors that the engine refused: not asked for again until the tokens change */
  private readonly refused = new Set<string>();
  /** what the present view has asked for: fetched whole before another step's model takes the place of this one's */
  private readonly used = new Set<string>();
  private readonly requests = new Map<string, { request: Record<string, unknown>; field: string }>();
  private pass = 0;
  private flushing = false;
  private left = false;
  private drawing = false;

  constructor(private readonly changed: () => void) {
    this.wire.onevent = (event) => this.receive(event);
    this.wire.onend = () => {
      this.ended = true;
      this.flights.clear();
      this.wanted.clear();
      this.asked.clear();
      this.touch();
    };
  }

  get causal(): boolean {
    return this.facts?.family === 'decoder';
  }

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  size(name: string, dim: string): number {
    const tensor = this.tensors.get(name);
    const i = tensor ? tensor.dims.indexOf(dim) : -1;
    return tensor && i >= 0 ? tensor.sizes[i] : 0;
  }

  /** Asks for a redraw, at most one a frame. */
  touch(): void {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.changed();
    });
  }

  // ---- tensors

  /** The values of a tensor at one position, row-major over its other dimensions; undefined until they are here. */
  row(name: string, position: number): Float32Array | undefined {
    this.used.add(name);
    const here = this.rows.get(name)?.[position];
    if (here || position < 0 || position >= this.tokens.length || !this.tensors.has(name)) return here;
    if (this.ended || this.refused.has(name)) return undefined;
    let positions = this.wanted.get(name);
    if (!positions) this.wanted.set(name, (positions = new Set()));
    positions.add(position);
    this.flushSoon(0);
    return undefined;
  }

  /** Values of a tensor by position and offset, for loops over all of them; NaN until they are here. */
  reader(name: string): (position: number, offset: number) => number {
    let rows = this.rows.get(name);
    this.used.add(name);
    return (position, offset) => {
      rows ??= this.rows.get(name);
      const row = rows?.[position] ?? this.row(name, position);
      return row && offset < row.length ? row[offset] : NaN;
    };
  }

  private flushSoon(after: number): void {
    if (this.flushing) return;
    this.flushing = true;
    setTimeout(() => this.flush(), after);
  }

  /** The same without asking for it. */
  held(name: string, position: number): Float32Array | undefined {
    return this.rows.get(name)?.[position];
  }

  /** One value; NaN until it is here. */
  at(name: string, position: number, offset = 0): number {
    const row = this.row(name, position);
    return row && offset < row.length ? row[offset] : NaN;
  }

  /** Changes whenever values of the tensor come or go. */
  revision(...names: string[]): string {
    return this.epoch + ':' + names.map((n) => `${n}#${this.revisions.get(n) ?? 0}`).join();
  }

  /** How many of the values asked for last are still to come. */
  get missing(): number {
    return this.flights.size + this.wanted.size;
  }

  private flush(): void {
    this.flushing = false;
    if (this.busy) return; // asked when the engine is free
    this.pass++;
    const flying = new Map<string, Flight[]>();
    for (const flight of this.flights.values()) {
      const list = flying.get(flight.name);
      if (list) list.push(flight);
      else flying.set(flight.name, [flight]);
    }
    for (const [name, positions] of this.wanted) {
      const sorted = [...positions].sort((a, b) => a - b);
      const missing = sorted.filter((p) => {
        const flight = flying.get(name)?.find((f) => p >= f.from && p < f.to);
        if (flight) flight.wanted = this.pass;
        return !flight;
      });
      for (const [from, to] of runs(missing, this.rowsPerRequest(name))) this.request(name, from, to);
    }
    this.wanted = new Map();
    if (this.left) this.dropUnwanted();
    this.left = false;
  }

  /** The reader has gone elsewhere: what the next drawing does not ask for again is dropped. */
  leave(): void {
    this.used.clear();
    this.requests.clear();
    this.left = true;
    this.flushSoon(60);
  }

  private rowsPerRequest(name: string): number {
    const tensor = this.tensors.get(name);
    const axis = tensor ? axisOf(tensor.dims) : 1;
    const perRow = tensor ? tensor.sizes.reduce((a, b, i) => (i === axis ? a : a * b), 1) : 1;
    return Math.max(1, Math.floor(FLOATS_PER_REQUEST / Math.max(1, perRow)));
  }

  private dropUnwanted(): void {
    const ids = [...this.flights].filter(([, flight]) => flight.wanted < this.pass).map(([id]) => id);
    if (ids.length === 0) return;
    for (const id of ids) this.flights.delete(id);
    this.wire.drop(ids);
  }

  private request(name: string, from: number, to: number): void {
    let number = 0;
    const answer = this.wire.ask<Matrix>({ do: 'rows', name, from, to }, (id) => {
      number = id;
      this.flights.set(id, { name, from, to, wanted: this.pass });
    });
    answer.then(
      (matrix) => {
        if (!this.flights.delete(number)) return;
        this.keep(this.rows, this.tensors.get(name), from, matrix);
        this.touch();
      },
      (error: Error) => {
        if (!this.flights.delete(number)) return;
        this.refused.add(name);
        this.fail(error);
      },
    );
  }

  private keep(to: Map<string, Float32Array[]>, tensor: Named | undefined, from: number, matrix: Matrix): void {
    if (!tensor) return;
    const { name } = tensor;
    let rows = to.get(name);
    if (!rows) to.set(name, (rows = []));
    this.revisions.set(name, (this.revisions.get(name) ?? 0) + 1);
    const axis = axisOf(tensor.dims);
    const count = matrix.shape[axis];
    const outer = matrix.shape.slice(0, axis).reduce((a, b) => a * b, 1);
    const inner = matrix.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    for (let p = 0; p < count; p++) {
      if (outer === 1) rows[from + p] = matrix.values.subarray(p * inner, (p + 1) * inner);
      else {
        const row = new Float32Array(outer * inner);
        for (let o = 0; o < outer; o++) {
          const start = (o * count + p) * inner;
          row.set(matrix.values.subarray(start, start + inner), o * inner);
        }
        rows[from + p] = row;
      }
    }
  }

  // ---- answers that are asked for by a key: derivations, draws, traces

  private answer<T>(key: string, request: Record<string, unknown>, field: string): T | undefined {
    this.requests.set(key, { request, field });
    if (this.answers.has(key)) return this.answers.get(key) as T;
    if (this.asked.has(key) || this.busy || this.ended) return undefined;
    this.asked.add(key);
    this.wire.ask<Record<string, unknown>>(request).then(
      (fields) => {
        if (!this.asked.delete(key)) return;
        if (this.answers.size > MOST_ANSWERS) this.answers.clear();
        this.answers.set(key, field ? fields[field] : fields);
        this.touch();
      },
      (error: Error) => {
        if (!this.asked.delete(key)) return;
        this.answers.set(key, error);
        this.touch();
      },
    );
    return undefined;
  }

  /** A tensor [batch, head, query, key] so small that no head has more than `most` rows; the largest by magnitude of each part. */
  small(name: string, most: number): Matrix | Error | undefined {
    return this.answer(`small ${name} ${most}`, { do: 'small', name, most }, '');
  }

  explain(name: string, index: number[]): Derivation | Error | undefined {
    return this.answer(`explain ${name} ${index}`, { do: 'explain', name, index }, 'derivation');
  }

  draw(position: number, settings: Settings, candidates: number): Draw | Error | undefined {
    return this.answer(`draw ${position} ${JSON.stringify(settings)} ${candidates}`, { do: 'draw', position, settings, candidates }, 'draw');
  }

  trace(text: string): Trace | Error | undefined {
    return this.answer(`trace ${text}`, { do: 'trace', text }, 'trace');
  }

  /** The last answer to a draw, whatever its settings: shown until the next one is here. */
  lastDraw?: Draw;

  // ---- the sequence

  async open(model: string): Promise<void> {
    await this.work('Mapping weights', async () => {
      const answer = await this.wire.ask<{ facts: Facts }>({ do: 'open', model });
      this.facts = answer.facts;
      this.tokens = [];
      this.tensors = new Map();
      this.continuations = [];
      this.words.clear();
      this.forget(0);
    });
  }

  /**
   * Puts the model of another saved step in the place of this one, with the same text. What the view shows is fetched before anything
   * changes, so that the sheet goes from one step's numbers to another's at once, and never shows both.
   */
  async replace(saved: { step: number; name: string }, text: string, then: number[]): Promise<void> {
    await this.work(`Opening step ${saved.step}`, async () => {
      const answer = await this.wire.ask<{ facts: Facts; tokens: Piece[]; tensors: Named[]; agreement?: number }>({ do: 'open', model: saved.name, text, then });
      const tensors = new Map(answer.tensors.map((t) => [t.name, t]));
      const rows = new Map<string, Float32Array[]>();
      const answers = new Map<string, unknown>();
      const fetches: Promise<void>[] = [];
      for (const name of this.used) {
        if (!tensors.has(name)) continue;
        // Rows that are here, and rows that were asked for and could not come while one step followed the other.
        const shown = [...(this.rows.get(name) ?? [])].flatMap((row, p) => (row ? [p] : []));
        const there = [...new Set([...shown, ...(this.wanted.get(name) ?? [])])].filter((p) => p < answer.tokens.length).sort((a, b) => a - b);
        for (const [from, to] of runs(there, this.rowsPerRequest(name))) fetches.push(this.wire.ask<Matrix>({ do: 'rows', name, from, to }).then((m) => this.keep(rows, tensors.get(name), from, m)));
      }
      for (const [key, { request, field }] of this.requests) {
        fetches.push(this.wire.ask<Record<string, unknown>>(request).then((a) => void answers.set(key, field ? a[field] : a), (e: Error) => void answers.set(key, e)));
      }
      // What did not come is asked for again when it is drawn.
      await Promise.allSettled(fetches);
      const same = this.lastDraw;
      this.facts = answer.facts;
      this.tokens = [];
      this.take(answer);
      this.rows = rows;
      for (const [key, value] of answers) this.answers.set(key, value);
      this.lastDraw = same;
      this.prompted = Math.max(1, this.tokens.length - then.length);
      this.continuations = [];
      this.shown = saved;
    });
  }

  async prompt(text: string): Promise<void> {
    await this.work('Reading the prompt', async () => {
      this.take(await this.wire.ask({ do: 'prompt', text }));
      this.prompted = this.tokens.length;
      this.continuations = [];
    });
  }

  async truncate(length: number): Promise<void> {
    await this.work('Going back', async () => this.take(await this.wire.ask({ do: 'truncate', length })));
  }

  async generate(settings: Settings, most: number): Promise<void> {
    await this.work('Generating', async () => this.take(await this.wire.ask({ do: 'generate', settings, most })));
  }

  async continueAll(settings: Settings[], most: number): Promise<void> {
    this.continuations = settings.map((one) => ({ settings: one, text: '', count: 0 }));
    await this.work('Continuing', async () => void (await this.wire.ask({ do: 'continue', settings, most })));
  }

  stop(): void {
    this.wire.stop();
  }

  private async work(what: string, todo: () => Promise<void>): Promise<void> {
    this.busy = what;
    this.error = '';
    this.touch();
    try {
      await todo();
    } catch (error) {
      this.fail(error as Error);
    } finally {
      this.busy = '';
      // What was asked for meanwhile: elements that have drawn themselves without it do not ask twice.
      if (this.wanted.size > 0) this.flushSoon(0);
      this.touch();
    }
  }

  private fail(error: Error): void {
    if (!this.ended) this.error = error.message;
    this.touch();
  }

  private take(state: { tokens: Piece[]; tensors: Named[]; agreement?: number }): void {
    let common = 0;
    while (common < state.tokens.length && this.tokens[common]?.id === state.tokens[common].id) common++;
    this.forget(this.causal ? common : 0);
    this.tokens = state.tokens;
    this.tensors = new Map(state.tensors.map((t) => [t.name, t]));
    this.agreement = state.agreement ?? NaN;
    this.prefix = PREFIXES.find((p) => this.tensors.has(`${p}blocks.0.hook_resid_pre`)) ?? '';
  }

  /** Keeps the rows of the first `length` positions: later tokens change nothing in them, others do. */
  private forget(length: number): void {
    this.epoch++;
    for (const rows of this.rows.values()) if (rows.length > length) rows.length = length;
    this.flights.clear();
    this.wanted.clear();
    this.answers.clear();
    this.asked.clear();
    this.refused.clear();
    this.lastDraw = undefined;
  }

  private receive(event: Event): void {
    if (event.event === 'hello') {
      this.models = event.models as string[];
      this.shown = undefined;
      if (event.training) {
        this.training = new Training();
        this.wire.ask({ do: 'training' }).catch((error: Error) => this.fail(error));
      }
      this.ended = false;
      this.error = '';
      this.onhello();
    } else if (event.event === 'token') {
      this.tokens = [...this.tokens, event.piece as Piece];
    } else if (event.event === 'continued') {
      const one = this.continuations[event.stream as number];
      if (one) {
        one.text += event.written as string;
        one.count++;
      }
    } else if (event.event === 'run') {
      this.training?.take(event);
      this.onrun(event);
      return;
    } else if (event.event === 'error') this.error = String(event.error);
    this.touch();
  }

  onhello: () => void = () => {};
  onrun: (event: Event) => void = () => {};
}

/** Which dimension runs over positions. */
export function axisOf(dims: string[]): number {
  const i = dims.findIndex((d) => d === 'position' || d === 'query');
  return i < 0 ? Math.min(1, dims.length - 1) : i;
}

function runs(sorted: number[], most: number): [number, number][] {
  const out: [number, number][] = [];
  for (const p of sorted) {
    const last = out[out.length - 1];
    if (last && last[1] === p && p - last[0] < most) last[1] = p + 1;
    else out.push([p, p + 1]);
  }
  return out;
}
