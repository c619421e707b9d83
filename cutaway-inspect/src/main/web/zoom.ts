// Every row of an opened tile with its numbers, around the chosen one.

import { html, type TemplateResult } from 'lit';
import { type Context, chosen, token } from './context';
import { number, shown } from './format';
import { clamp } from './scale';
import { short } from './card';
import { pathOf } from './state';

const CELL_H = 17;
const LEFT = 70;
const TOP = 68;
const NARROWEST = 44;

export function zoomed(c: Context): TemplateResult {
  const at = c.state.z.lastIndexOf('@');
  const name = c.state.z.slice(0, at);
  const row = Number(c.state.z.slice(at + 1)) || 0;
  const { q } = chosen(c);
  const total = c.store.tensors.get(name)?.sizes[2] ?? 0;
  const n = c.store.tokens.length;
  const rows = Math.min(total, Math.max(12, Math.floor((c.geometry.height - 92) / CELL_H)));
  const first = clamp(Math.floor(row - rows / 2), 0, total - rows);
  const cols = Math.min(n, Math.max(1, Math.floor((c.geometry.width - LEFT - 26) / NARROWEST)));
  const from = clamp(q - Math.floor(cols / 2), 0, n - cols);
  const cellW = Math.floor((c.geometry.width - LEFT - 26) / cols);
  const turn = (to: number) => c.go({ z: `${name}@${clamp(to, 0, total - 1)}` }, true);
  return html`<div class="zoom fade" role="dialog" aria-label=${`${short(name)}, every row`}>
    <div class="cap title"><b class="ph">${short(name)}</b> <span>rows ${first} to ${first + rows - 1} of ${total}${cols < n ? `, tokens ${from} to ${from + cols - 1} of ${n}` : ''}, true values</span></div>
    <div class="buttons"><button class="btn" ?disabled=${first === 0} @click=${() => turn(row - rows)}>Earlier rows</button><button class="btn" ?disabled=${first + rows >= total} @click=${() => turn(row + rows)}>Later rows</button><button class="btn primary" @click=${() => c.go({ z: '' })}>Close</button></div>
    ${Array.from({ length: cols }, (_, i) => html`<div class=${'cap top' + (from + i === q ? ' on' : '')} .style=${`left:${LEFT + i * cellW}px;top:48px;width:${cellW}px`}>${shown(c.store.tokens[from + i].text)}</div>`)}
    ${Array.from({ length: rows }, (_, i) => html`<div class=${'cap left' + (first + i === row ? ' on' : '')} .style=${`left:16px;top:${TOP + i * CELL_H + 2}px;width:46px`}>${first + i}</div>`)}
    <cut-grid class="abs" .style=${`left:${LEFT}px;top:${TOP}px`} .scale=${c.scale} .model=${{
      key: `${c.store.revision(name)}|${first}|${from}`, label: `${short(name)}, every row`, rows, cols, kind: 'signed', cellW, cellH: CELL_H,
      get: (r: number, k: number) => c.store.at(name, from + k, first + r), print: (v: number) => number(v, 2),
      selection: [clamp(row - first, 0, rows - 1), q - from],
      describe: (r: number, k: number) => `${short(name)}, ${token(c, from + k)}, row ${first + r}`,
      open: (r: number, k: number) => c.go({ z: '', q: from + k, n: pathOf([{ name, index: [0, from + k, first + r] }]) }),
    }}></cut-grid></div>`;
}
