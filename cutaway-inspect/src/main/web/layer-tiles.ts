// Grids of one layer's tensors: tokens across, the vector's coordinates down; pooled so that any width, any head size and
// any number of tokens fit the same place.

import { html, type TemplateResult } from 'lit';
import { type Context, token } from './context';
import type { GridModel } from './grid';
import { integer } from './format';
import { pathOf } from './state';

const TILE_W = 108;
const TILE_H = 96;
const CROSS = 234;
/** What the cross may grow to before two tokens share a row or column: beyond, a half of it would be left. */
const CROSS_WIDEST = 290;
const ARM = 96;
const SIDE = 128;
const SIDE_NARROW = 76;

/** How many are drawn as one, and how large a drawn cell is, so that `count` fits `room`. */
export function fitTo(count: number, room: number, largest: number): { pool: number; cell: number; total: number } {
  const pool = Math.max(1, Math.ceil(count / room));
  const drawn = Math.ceil(count / pool);
  const cell = Math.max(1, Math.min(largest, Math.floor(room / drawn)));
  return { pool, cell, total: drawn * cell };
}

export interface Size { tile: ReturnType<typeof fitTo>; cross: ReturnType<typeof fitTo>; arm: ReturnType<typeof fitTo>; side: ReturnType<typeof fitTo> }

export function sizes(tokens: number, headSize: number): Size {
  const arm = Math.max(1, Math.ceil(headSize / 32));
  const rows = Math.ceil(headSize / arm);
  const cell = Math.max(1, Math.floor(ARM / rows));
  const cross = fitTo(tokens, tokens > CROSS && tokens <= CROSS_WIDEST ? CROSS_WIDEST : CROSS, 30);
  return { tile: fitTo(tokens, TILE_W, 18), cross, arm: { pool: arm, cell, total: rows * cell }, side: fitTo(headSize, cross.total > CROSS ? SIDE_NARROW : SIDE, 4) };
}

export interface Tile {
  name: string;
  title: string;
  note?: string;
  /** which coordinate a row is, for people */
  unit?: string;
  height?: number;
}

/** A tensor [batch, position, coordinate] with tokens across. */
export function tile(c: Context, s: Size, x: number, y: number, q: number, t: Tile): TemplateResult {
  const { store } = c;
  const n = store.tokens.length;
  const rows = store.tensors.get(t.name)?.sizes[2] ?? 0;
  const fitted = fitTo(rows, t.height ?? TILE_H, 4);
  const unit = t.unit ?? 'coordinate';
  const read = store.reader(t.name);
  const model: GridModel = {
    key: `${store.revision(t.name)}|${n}|${q}|${rows}`, label: t.title, rows, cols: n, kind: 'signed',
    cellW: s.tile.cell, cellH: fitted.cell, pool: fitted.pool, poolCols: s.tile.pool, colBand: q,
    get: (r, k) => read(k, r),
    describe: (r, k) => `${t.title}, ${token(c, k)}, ${unit} ${r}`,
    open: (r, k) => c.go({ q: k, n: pathOf([{ name: t.name, index: [0, k, r] }]) }),
    zoom: (r, k) => c.go({ q: k, z: `${t.name}@${r}` }),
  };
  return html`<div class="cap" .style=${`left:${x}px;top:${y - 17}px`}><b>${t.title}</b> <span>${t.note ?? `${integer(rows)} × ${n}`}</span></div>
    <cut-grid class="abs" data-tensor=${t.name} .style=${`left:${x}px;top:${y}px`} .scale=${c.scale} .model=${model}></cut-grid>`;
}

/** The place of a tensor that this model does not have. */
export function missing(x: number, y: number, w: number, h: number, title: string): TemplateResult {
  return html`<div class="cap" .style=${`left:${x}px;top:${y - 17}px`}><b>${title}</b> <span>not in this model</span></div><div class="hatchbox abs" .style=${`left:${x}px;top:${y}px;width:${w}px;height:${h}px`}></div>`;
}

/** A tensor [batch, position, head, component] of one head with tokens across: keys and values, an arm of the cross. */
export function arm(c: Context, s: Size, x: number, y: number, q: number, name: string, head: number, what: string): TemplateResult {
  const { store } = c;
  const n = store.tokens.length;
  const size = store.facts!.headSize;
  const read = store.reader(name);
  const model: GridModel = {
    key: `${store.revision(name)}|${n}|${head}|${q}`, label: `${what}s of KV head ${head}`, rows: size, cols: n, kind: 'signed',
    cellW: s.cross.cell, cellH: s.arm.cell, pool: s.arm.pool, poolCols: s.cross.pool, colBand: q >= store.prompted ? q : undefined,
    get: (r, k) => read(k, head * size + r),
    describe: (r, k) => `${what} ${token(c, k)}, component ${r}`,
    open: (r, k) => c.go({ n: pathOf([{ name, index: [0, k, head, r] }]) }),
  };
  return html`<cut-grid class="abs" data-tensor=${name} .style=${`left:${x}px;top:${y}px`} .scale=${c.scale} .model=${model}></cut-grid>`;
}

/** The same with tokens down: queries and mixed values, a side of the cross. */
export function side(c: Context, s: Size, x: number, y: number, q: number, name: string, head: number, label: string, what: string): TemplateResult {
  const { store } = c;
  const n = store.tokens.length;
  const size = store.facts!.headSize;
  const read = store.reader(name);
  const model: GridModel = {
    key: `${store.revision(name)}|${n}|${head}|${q}`, label, rows: n, cols: size, kind: 'signed',
    cellW: s.side.cell, cellH: s.cross.cell, pool: s.cross.pool, poolCols: s.side.pool, rowBand: q,
    get: (r, k) => read(r, head * size + k),
    describe: (r, k) => `${what} ${token(c, r)}, component ${k}`,
    open: (r, k) => c.go({ q: r, n: pathOf([{ name, index: [0, r, head, k] }]) }),
  };
  return html`<cut-grid class="abs" data-tensor=${name} .style=${`left:${x}px;top:${y}px`} .scale=${c.scale} .model=${model}></cut-grid>`;
}

const FORBIDDEN = -1e30;

/** Scores or weights of one head: queries down, keys across. */
export function scores(c: Context, name: string, head: number, q: number, k: number, cellW: number, cellH: number, pool: number, label: string, print = false): GridModel {
  const { store } = c;
  const n = store.tokens.length;
  const heads = store.facts!.heads;
  const weights = name.endsWith('hook_pattern');
  const value = (row: number, col: number): number => {
    const values = store.row(name, row);
    if (!values) return NaN;
    const keys = values.length / heads;
    return col < keys ? values[head * keys + col] : -Infinity;
  };
  const open = (row: number, col: number): void => c.go({ q: row, k: col, n: pathOf([{ name, index: [0, head, row, col] }]) });
  return {
    key: `${store.revision(name)}|${n}|${head}|${q}|${k}`, label, rows: n, cols: n, kind: weights ? 'probability' : 'signed',
    cellW, cellH, pool, poolCols: pool, rowBand: q, selection: [q, k], get: value, open,
    move: undefined,
    print: print && weights ? (v) => (v >= 0.995 ? '1.0' : v >= 0.005 ? v.toFixed(2).slice(1) : '') : undefined,
    mask: (row, col) => {
      if (store.causal && col > row) return 'masked: the query cannot see a later token';
      return value(row, col) < FORBIDDEN ? 'masked' : '';
    },
    describe: (row, col) => `query ${token(c, row)}, key ${token(c, col)}`,
  };
}
