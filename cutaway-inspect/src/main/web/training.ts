// A training run as the server reads it from the run's files: the lines of its steps (thinned, never averaged), what was measured
// and sampled now and then, the models that were saved. What is worked out here is only the pace, and from it the time left.

export interface Saved { step: number; name: string; kind: string; result: boolean }
export interface Sample { step: number; prompt: string; text: string }
/** step, loss, norm of the gradient, learning rate, tokens a second, time */
export type Row = (number | null)[];
export const [STEP, LOSS, GRADIENT, RATE, SPEED, TIME] = [0, 1, 2, 3, 4, 5];

/** step, held-out loss, and the share of right labels by what holds them */
export type Valid = [number, number | null, Record<string, number>?];

/** Norms of the parts from one measured step to another; of several measurements the largest. */
export interface Column { first: number; last: number; count: number; measures: (number | null)[][] }
export const MEASURES = ['gradient', 'weight', 'update'];

interface Begin {
  step?: number; steps?: number; parameters?: number; seed?: number; time?: number; notes?: string[];
  recipe?: Record<string, unknown>; every?: Record<string, number>;
}

const PACE_OF = 50;
const SILENT_AFTER = 20;
const SILENT_STEPS = 12;

export class Training {
  /** whether the server has told anything yet */
  here = false;
  directory = '';
  recipe = '';
  begin: Begin = {};
  end: { step?: number; seconds?: number } = {};
  complaint = '';
  valid: Valid[] = [];
  samples: Sample[] = [];
  omitted = 0;
  /** steps that are thinned together; 1: all are here */
  width = 1;
  /** every how many of the file's lines the server keeps */
  stride = 1;
  rows: Row[] = [];
  parts: string[] = [];
  columns: Column[] = [];
  saved: Saved[] = [];
  revision = 0;

  take(event: Record<string, unknown>): void {
    this.here = true;
    this.revision++;
    if (event.rows) {
      const from = event.from as number;
      this.width = event.width as number;
      this.stride = event.stride as number;
      this.rows = [...this.rows.filter((r) => r[STEP]! < from), ...(event.rows as Row[])];
    }
    if (event.norms) {
      const norms = event.norms as { from: number; parts: string[]; columns: [number, number, number, ...(number | null)[][]][] };
      this.parts = norms.parts;
      this.columns = [...this.columns.filter((c) => c.first < norms.from), ...norms.columns.map(([first, last, count, ...measures]) => ({ first, last, count, measures }))];
    }
    if (event.about) Object.assign(this, event.about);
    if (event.saved) this.saved = event.saved as Saved[];
  }

  /** What labels are called whose right ones were counted. */
  get counted(): string[] {
    return [...new Set(this.valid.flatMap(([, , right]) => Object.keys(right ?? {})))];
  }

  get last(): Row | undefined {
    return this.rows[this.rows.length - 1];
  }

  /** The last step that was done. */
  get step(): number {
    return this.last?.[STEP] ?? this.begin.step ?? 0;
  }

  /** How many steps the run shall have. */
  get steps(): number {
    return Math.max(this.begin.steps ?? 0, this.step, this.saved[this.saved.length - 1]?.step ?? 0);
  }

  get finished(): boolean {
    return this.end.step !== undefined;
  }

  /** Seconds a step takes, measurements and checkpoints included, over the last steps of this start of the run; NaN if not known. */
  get pace(): number {
    const own = this.rows.filter((r) => r[TIME] !== null && r[TIME]! >= (this.begin.time ?? 0));
    const last = own[own.length - 1];
    const first = last && own.find((r) => r[STEP]! >= last[STEP]! - PACE_OF);
    return first && first !== last ? (last[TIME]! - first[TIME]!) / (last[STEP]! - first[STEP]!) : NaN;
  }

  /** Seconds since anything was written. */
  age(now: number): number {
    return now - Math.max(this.last?.[TIME] ?? 0, this.begin.time ?? 0);
  }

  /** Whether nothing has been written for so long that the run may have been stopped. */
  silent(now: number): boolean {
    return this.age(now) > Math.max(SILENT_AFTER, SILENT_STEPS * (this.pace || 0));
  }

  /** What comes next, nearest first: what it is, and at which step. */
  get next(): [string, number][] {
    const words: Record<string, string> = { valid: 'held-out loss', sample: 'samples', snapshot: 'snapshot', checkpoint: 'checkpoint' };
    const steps = this.steps;
    return Object.entries(this.begin.every ?? {})
      .map(([what, n]): [string, number] => [words[what] ?? what, Math.min(steps, (Math.floor(this.step / n) + 1) * n)])
      .sort((a, b) => a[1] - b[1]);
  }

  /** The prompts that the recipe has samples of. */
  get prompts(): string[] {
    const list = (this.begin.recipe?.samples as { prompts?: unknown } | undefined)?.prompts;
    return Array.isArray(list) ? list.filter((p): p is string => typeof p === 'string') : [];
  }

  /** The saved model nearest to a step; the newest for −1. */
  nearest(step: number): Saved | undefined {
    if (step < 0) return this.saved[this.saved.length - 1];
    return this.saved.reduce<Saved | undefined>((best, s) => (!best || Math.abs(s.step - step) < Math.abs(best.step - step) ? s : best), undefined);
  }

  /** The recorded step nearest to one. */
  row(step: number): number {
    let [low, high] = [0, this.rows.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle][STEP]! < step) low = middle + 1;
      else high = middle;
    }
    return low > 0 && step - this.rows[low - 1][STEP]! <= this.rows[low][STEP]! - step ? low - 1 : low;
  }
}

/** A length of time, for people. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '';
  const s = Math.max(0, Math.round(seconds));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The keys of a recipe with dotted paths, in the order in which they were written. */
export function keys(tree: unknown, path = ''): [string, string][] {
  if (tree && typeof tree === 'object' && !Array.isArray(tree)) return Object.entries(tree).flatMap(([k, v]) => keys(v, path ? `${path}.${k}` : k));
  return [[path, typeof tree === 'string' ? tree : JSON.stringify(tree)]];
}
