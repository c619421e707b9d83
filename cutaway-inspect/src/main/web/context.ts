// What a view is given: the numbers, the state, the scale, and the geometry that ruler, spine and drawings share.

import { nothing, type TemplateResult } from 'lit';
import type { Scale } from './scale';
import type { State } from './state';
import type { Store } from './store';
import type { Settings } from './types';
import { quoted } from './format';

export interface Geometry {
  /** size of the stage */
  width: number;
  height: number;
  /** height of a layer's row, and where the first begins and the last ends */
  rowH: number;
  top: number;
  bottom: number;
  /** width of a token's column */
  colW: number;
}

export interface Context {
  store: Store;
  state: State;
  scale: Scale;
  geometry: Geometry;
  /** changes the state; `replace` leaves no entry in the history */
  go: (change: Partial<State>, replace?: boolean) => void;
  /** of a training run: shows the model of the saved step nearest to one (−1: of the newest), or plays all of them */
  replay: { playing: boolean; to: (step: number) => void; play: () => void };
}

/** A view: what it draws on the stage, and what the panel beside it says. */
export interface ViewParts {
  stage: TemplateResult;
  title: string;
  sub: string;
  panel: TemplateResult | typeof nothing;
  table?: TemplateResult;
}

export function geometry(width: number, height: number, layers: number, tokens: number): Geometry {
  const rowH = Math.max(17, Math.floor((height - 84) / Math.max(1, layers)));
  const top = 28 + Math.max(0, Math.floor((height - 84 - layers * rowH) / 2));
  return { width, height, rowH, top, bottom: top + layers * rowH, colW: Math.max(46, (width - 16) / Math.max(1, tokens)) };
}

export const x = (g: Geometry, token: number): number => 8 + g.colW * (token + 0.5);
export const y = (g: Geometry, layer: number): number => g.top + layer * g.rowH;

/** The token at a position, for people: ‘to’ 13. */
export function token(c: Context, position: number): string {
  const piece = c.store.tokens[position];
  return piece ? `${quoted(piece.text)} ${position}` : `position ${position}`;
}

export function settings(state: State): Settings {
  return { temperature: state.T, topK: state.K, topP: state.P, minP: state.m, seed: state.s };
}

export const block = (c: Context, layer: number, name: string): string => `${c.store.prefix}blocks.${layer}.${name}`;
export const derived = (layer: number, name: string): string => `derived.blocks.${layer}.${name}`;

/** The chosen token, layer, head and key, within what exists; without a choice, the key that the query reads most. */
export function chosen(c: Context): { l: number; h: number; q: number; k: number } {
  const n = c.store.tokens.length;
  const { layers, heads } = c.store.facts ?? { layers: 1, heads: 1 };
  const q = c.state.q < 0 ? n - 1 : Math.min(c.state.q, n - 1);
  const l = c.state.l < 0 ? Math.floor(layers * 0.78) : Math.min(c.state.l, layers - 1);
  const h = Math.min(c.state.h, heads - 1);
  const last = c.store.causal ? q : n - 1;
  return { l, h, q, k: c.state.k < 0 ? mostRead(c, l, h, q) : Math.min(c.state.k, last) };
}

function mostRead(c: Context, l: number, h: number, q: number): number {
  const row = c.store.held(block(c, l, 'attn.hook_pattern'), q);
  if (!row) return 0;
  const keys = row.length / (c.store.facts?.heads ?? 1);
  let best = 0;
  for (let k = 1; k < keys; k++) if (row[h * keys + k] > row[h * keys + best]) best = k;
  return best;
}

/** Whether there is room for the name of a token: every so many have one, the marked one always, those beside it not. */
export function labelled(i: number, mark: number, step: number): boolean {
  return i === mark || (i % step === 0 && (Math.abs(i - mark) >= step || step === 1));
}
