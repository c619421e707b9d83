// The whole state of the page is its address: `#/layer/23/0?q=13&k=1&p=When+Mary…`. Moving with the arrows replaces the
// entry in the history, opening something adds one.

export type View = 'model' | 'layer' | 'head' | 'number' | 'next' | 'tokens' | 'training';
export const VIEWS: readonly View[] = ['model', 'layer', 'head', 'number', 'next', 'tokens', 'training'];

export interface State {
  view: View;
  /** chosen layer, head, query (token) and key */
  l: number;
  h: number;
  q: number;
  k: number;
  /** the path of opened numbers, outermost first, `name:i,j,k` joined by `/` */
  n: string;
  /** prompt and how many tokens were generated after it */
  p: string;
  g: number;
  /** temperature, top-k, top-p, min-p and seed */
  T: number;
  K: number;
  P: number;
  m: number;
  s: number;
  lens: number;
  /** whether reads from token 0 are drawn */
  sink: number;
  /** stage of attention: scores, masked, pattern */
  stage: string;
  /** whether queries and keys are shown after rotation */
  rot: number;
  twin: number;
  /** opened tile, `tensor@row` */
  z: string;
  th: string;
  /** numbers of the signed scale; 0: the model's own */
  knee: number;
  end: number;
  model: string;
  /** of a training run: the step whose model is shown, −1 for the newest that is saved */
  step: number;
  /** ids of the tokens after the prompt that another step's model generated, joined by dots */
  i: string;
  /** whether the loss is drawn on a log scale, and which norm is drawn by part */
  ylog: number;
  nm: number;
}

export const DEFAULTS: State = {
  view: 'model', l: -1, h: 0, q: -1, k: -1, n: '', p: '', g: 0, T: 0.8, K: 0, P: 0.95, m: 0, s: 1,
  lens: 0, sink: 0, stage: 'pattern', rot: 1, twin: 0, z: '', th: '', knee: 0, end: 0, model: '',
  step: -1, i: '', ylog: 0, nm: 0,
};

const IN_PATH: Record<string, readonly (keyof State)[]> = { layer: ['l', 'h'], head: ['l', 'h'] };

export function parse(hash: string): State {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  const parts = path.split('/').filter(Boolean);
  const state: State = { ...DEFAULTS };
  const view = parts[0] as View;
  if (VIEWS.includes(view)) state.view = view;
  const write = state as unknown as Record<string, string | number>;
  (IN_PATH[state.view] ?? []).forEach((key, i) => {
    const value = Number(parts[i + 1]);
    if (parts[i + 1] !== undefined && Number.isInteger(value) && value >= 0) write[key] = value;
  });
  for (const [key, value] of new URLSearchParams(query ?? '')) {
    if (!(key in DEFAULTS) || key === 'view') continue;
    if (typeof DEFAULTS[key as keyof State] === 'number') {
      if (Number.isFinite(Number(value))) write[key] = Number(value);
    } else write[key] = value;
  }
  return state;
}

export function write(state: State): string {
  const inPath = IN_PATH[state.view] ?? [];
  const path = [state.view, ...inPath.map((key) => String(Math.max(0, Number(state[key]))))].join('/');
  const query = new URLSearchParams();
  for (const key of Object.keys(DEFAULTS) as (keyof State)[]) {
    if (key === 'view' || inPath.includes(key) || state[key] === DEFAULTS[key]) continue;
    query.set(key, String(state[key]));
  }
  const text = query.toString();
  return `#/${path}${text ? '?' + text : ''}`;
}

/** The ids of the tokens that follow the prompt whatever the model. */
export function kept(state: State): number[] {
  return state.i.split('.').filter((part) => /^\d+$/.test(part)).map(Number);
}

/** One opened number. */
export interface Spot {
  name: string;
  index: number[];
}

export function spots(path: string): Spot[] {
  return path
    .split('/')
    .filter(Boolean)
    .map((one) => {
      const at = one.lastIndexOf(':');
      return { name: decodeURIComponent(one.slice(0, at)), index: one.slice(at + 1).split(',').map(Number) };
    });
}

export function pathOf(list: readonly Spot[]): string {
  return list.map((s) => `${encodeURIComponent(s.name)}:${s.index.join(',')}`).join('/');
}
