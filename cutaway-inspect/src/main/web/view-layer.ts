// Layer: the residual stream at the left; attention as a cross (keys above the grid of scores, values below, queries left,
// mixed values right); the MLP beneath. Each reads from the stream and adds to it.

import { html, nothing, svg, type TemplateResult } from 'lit';
import './grid';
import { type Context, type ViewParts, block, chosen, derived, labelled, token } from './context';
import { number, percent, shown } from './format';
import { headChooser } from './heads';
import { type Size, arm, missing, scores, side, sizes, tile } from './layer-tiles';
import { learn, table } from './pieces';
import { neurons, openedPanel, rowPanel } from './row-panel';
import { Wires } from './wires';
import { zoomed } from './zoom';

const BX = 20;
const Y0 = 40;
const NX = 160;
const CX = 518;
const KY = 54;
const OX = 912;
const SHEET_W = 1032;
const HEADS_W = 108;
const STAGES_W = 178;
const LABEL_W = 60;

interface Plan { c: Context; s: Size; l: number; h: number; q: number; k: number; tw: number; gy: number; vy: number; qx: number; zx: number; gs: number; y1: number; y2: number; a1: number; a2: number }

export function layerView(c: Context): ViewParts {
  const { l, h, q, k } = chosen(c);
  const { heads, keyValueHeads, headSize } = c.store.facts!;
  const s = sizes(c.store.tokens.length, headSize);
  const gs = s.cross.total;
  const gy = KY + s.arm.total + 6;
  const vy = gy + gs + 6;
  const low = Math.max(0, gs - 234);
  const plan: Plan = { c, s, l, h, q, k, tw: s.tile.total, gy, vy, qx: CX - 60 - s.side.total, zx: CX + gs + 8, gs, y1: 536 + low, y2: 696 + low, a1: 506 + low, a2: 666 + low };
  const opened = c.state.n !== '';
  return {
    title: `Layer ${l}, head ${h}`,
    sub: `query ${token(c, q)}; KV head ${Math.floor(h / Math.max(1, heads / keyValueHeads))}`,
    panel: html`${opened ? openedPanel(c) : html`${rowPanel(c)}${neurons(c)}${learn(sentence(c))}${learn(MLP_SENTENCE)}`}`,
    stage: html`${sheet(plan)}${c.state.z ? zoomed(c) : nothing}`,
    table: c.state.twin ? twin(c, l, h) : undefined,
  };
}

const MLP_SENTENCE = 'Below, the MLP reads each token by itself: every neuron that finds what it looks for writes its own vector, and their sum is added to the stream.';

/** One plain sentence about the stage that is shown. */
function sentence(c: Context): string {
  if (c.state.stage === 'scores') return 'Every query is compared with every key; a high score means that the query’s token looks for what the key’s token offers.';
  if (c.state.stage === 'masked') return c.store.causal ? 'A token may only look back: pairs with a later key are struck out before the weights are formed.' : 'Every query is compared with every key, before and behind: this model may look both ways.';
  return 'The scores of a row become weights that sum to 1; each token then takes that mixture of the values below and adds it to its own stream.';
}

function sheet(p: Plan): TemplateResult {
  const { c } = p;
  return html`<div class="layer" .style=${`width:${SHEET_W}px;height:${Math.max(c.geometry.height, p.y2 + 60)}px`}>
    ${wires(p)}${backbone(p)}${attention(p)}${mlp(p)}</div>`;
}

/** Whether blocks of this model normalise after adding: attention then reads the stream as it is, the MLP what the first norm left. */
function normsAfter(c: Context, l: number): boolean {
  return c.store.has(block(c, l, 'hook_normalized_resid_post'));
}

// ---- the stream

function backbone(p: Plan): TemplateResult {
  const { c, s, l, q } = p;
  const mid = c.store.has(block(c, l, 'hook_resid_mid'));
  const n = c.store.tokens.length;
  const after = normsAfter(c, l);
  return html`${tile(c, s, BX, Y0, q, { name: block(c, l, 'hook_resid_pre'), title: 'stream' })}
    ${mid ? tile(c, s, BX, p.y1, q, { name: block(c, l, 'hook_resid_mid'), title: 'stream', note: '+ attention', height: 64 }) : nothing}
    ${tile(c, s, BX, p.y2, q, { name: block(c, l, 'hook_resid_post'), title: 'stream', note: after ? 'norm + MLP' : mid ? '+ MLP' : '+ attention + MLP', height: 48 })}
    <div class="cap" .style=${`left:${NX}px;top:${p.y2 + 16}px`}><span>${l + 1 < c.store.facts!.layers ? `on to layer ${l + 1}` : 'on to the final norm'}${n > 108 ? `; ${s.tile.pool} tokens to a column` : ''}</span></div>`;
}

// ---- attention: the cross

function attention(p: Plan): TemplateResult {
  const { c, s, l, h, q, k } = p;
  const { heads, keyValueHeads } = c.store.facts!;
  const kv = Math.floor(h / Math.max(1, heads / keyValueHeads));
  const rotary = c.store.has(block(c, l, 'attn.hook_rot_q'));
  const rotated = rotary && c.state.rot === 1;
  const [qName, kName] = rotated ? ['attn.hook_rot_q', 'attn.hook_rot_k'] : ['attn.hook_q', 'attn.hook_k'];
  const note = (x: number, y: number, text: unknown) => html`<div class="cap" .style=${`left:${x}px;top:${y}px`}>${text}</div>`;
  const n = c.store.tokens.length;
  const cached = c.store.causal ? 'cached: one column per token' : 'one column per token';
  const size = c.store.facts!.headSize;
  return html`${normsAfter(c, l) ? nothing : tile(c, s, NX, Y0, q, { name: block(c, l, 'ln1.hook_normalized'), title: 'norm' })}
    ${headChooser(c, l, h, NX, 206)}
    ${arm(c, s, CX, KY, q, block(c, l, kName), kv, 'key')}
    ${arm(c, s, CX, p.vy, q, block(c, l, 'attn.hook_v'), kv, 'value')}
    ${side(c, s, p.qx, p.gy, q, block(c, l, qName), h, `Queries of head ${h}`, 'query')}
    ${side(c, s, p.zx, p.gy, q, block(c, l, 'attn.hook_z'), h, `Mixed values of head ${h}`, 'mixed value for')}
    ${grid(p, q, k)}${labels(p)}
    ${note(p.zx + 4, KY + 2, html`<b>K</b> <span>${size} × ${n}, KV head ${kv}${rotary ? (rotated ? ', rotated' : ', before') : ''}</span>`)}${note(p.zx + 4, KY + 19, html`<span>${cached}</span>`)}
    ${rotary ? html`<div class="abs seg" role="group" aria-label="queries and keys" .style=${`left:${p.zx + 4}px;top:${KY + 40}px`}>
      <button aria-pressed=${String(!rotated)} @click=${() => c.go({ rot: 0 })}>before</button><button aria-pressed=${String(rotated)} @click=${() => c.go({ rot: 1 })}>rotated</button></div>` : nothing}
    ${note(p.zx + 4, p.vy + 62, html`<b>V</b> <span>${size} × ${n}, KV head ${kv}</span>`)}${note(p.zx + 4, p.vy + 79, html`<span>${cached}</span>`)}
    ${note(s.side.total < 2 * LABEL_W ? p.qx - LABEL_W : p.qx, p.gy - 17, html`<b>Q</b> <span>head ${h}</span>`)}${note(p.zx + 4, p.gy - 17, html`<b>z</b> <span>mixed values</span>`)}
    ${note(p.zx + s.side.total + 6, p.gy + 4, html`<span>${heads} heads</span>`)}
    ${stages(p)}
    ${tile(c, s, OX, p.gy + 92, q, { name: block(c, l, 'hook_attn_out'), title: 'attention out', note: '' })}`;
}

/** Which stages of attention this model's tensors can show. */
function stageNames(c: Context, l: number): [string, string, string, string][] {
  const all: [string, string, string, string][] = [
    ['scores', 'scores', derived(l, 'attn_scores_unmasked'), 'every query with every key'],
    ['masked', 'mask', block(c, l, 'attn.hook_attn_scores'), 'later tokens set to −∞'],
    ['pattern', 'softmax', block(c, l, 'attn.hook_pattern'), 'each row sums to 1'],
  ];
  const here = all.filter(([, , name]) => c.store.has(name));
  // Where nothing is masked there is one grid of scores, and that is its name.
  return here.map((one) => (one[0] === 'masked' && !here.includes(all[0]) ? ['masked', 'scores', one[2], all[0][3]] : one));
}

function grid(p: Plan, q: number, k: number): TemplateResult {
  const { c, s, l, h } = p;
  const names = stageNames(c, l);
  const stage = names.find(([id]) => id === c.state.stage) ?? names[names.length - 1];
  if (!stage) return missing(CX, p.gy, p.gs, p.gs, '');
  const label = stage[0] === 'pattern' ? `Attention weights of head ${h}` : `Scores of head ${h}`;
  const model = scores(c, stage[2], h, q, k, s.cross.cell, s.cross.cell, s.cross.pool, label);
  if (stage[0] === 'scores') model.mask = undefined;
  return html`<cut-grid class="abs" data-tensor=${stage[2]} .style=${`left:${CX}px;top:${p.gy}px`} .scale=${c.scale} .model=${model}></cut-grid>`;
}

function stages(p: Plan): TemplateResult {
  const { c, l } = p;
  const names = stageNames(c, l);
  const current = names.find(([id]) => id === c.state.stage) ?? names[names.length - 1];
  const left = Math.min(p.qx, CX - STAGES_W);
  return html`<div class="abs seg" role="group" aria-label="stage of attention" .style=${`left:${left}px;top:${p.vy + 2}px`}>
    ${names.map(([id, text]) => html`<button aria-pressed=${String(id === current?.[0])} @click=${() => c.go({ stage: id })}>${text}</button>`)}</div>
    <div class="cap" .style=${`left:${left}px;top:${p.vy + 32}px`}><span>${current?.[3] ?? ''}</span></div>`;
}

/** The tokens along the grid; when rows are thin, only as many as fit, and always the chosen one. */
function labels(p: Plan): TemplateResult {
  const { c, s, q, k } = p;
  const n = c.store.tokens.length;
  const step = Math.max(1, Math.ceil(10.5 / (s.cross.cell / s.cross.pool)));
  const at = (i: number): number => (i / s.cross.pool) * s.cross.cell;
  const list = Array.from({ length: n }, (_, i) => i);
  return html`${list.filter((i) => labelled(i, q, step)).map((i) => html`<div class=${'cap lab' + (i === q ? ' on' : '')} .style=${`left:${CX - 58}px;top:${p.gy + at(i) + s.cross.cell / 2 - 7.5}px`}>${shown(c.store.tokens[i].text)}</div>`)}
    <svg class="abs over" width=${SHEET_W} height=${KY} aria-hidden="true">${list.filter((i) => labelled(i, k, step)).map((i) => svg`<text transform=${`translate(${CX + at(i) + s.cross.cell / 2 + 4} ${KY - 6}) rotate(-62)`} class=${i === k ? 'on' : ''}>${shown(c.store.tokens[i].text).slice(0, 9)}</text>`)}</svg>`;
}

// ---- the MLP

function mlp(p: Plan): TemplateResult {
  const { c, s, l, q } = p;
  const my = p.y1 + 20;
  const gated = c.store.has(block(c, l, 'mlp.hook_pre_linear'));
  const neuron = { unit: 'neuron' };
  return html`${tile(c, s, NX, my, q, { name: block(c, l, normsAfter(c, l) ? 'ln1.hook_normalized' : 'ln2.hook_normalized'), title: 'norm' })}
    ${tile(c, s, NX + 180, my, q, { name: block(c, l, 'mlp.hook_pre'), title: gated ? 'gate' : 'before', ...neuron })}
    ${gated ? tile(c, s, NX + 352, my, q, { name: block(c, l, 'mlp.hook_pre_linear'), title: 'up', ...neuron }) : nothing}
    ${tile(c, s, NX + 552, my, q, { name: block(c, l, 'mlp.hook_post'), title: 'neurons', ...neuron })}
    ${tile(c, s, OX, my, q, { name: block(c, l, 'hook_mlp_out'), title: 'MLP out', note: '' })}`;
}

// ---- wires

function wires(p: Plan): TemplateResult {
  const { c, l, q, s, tw, gy, vy } = p;
  const w = new Wires(SHEET_W, Math.max(c.geometry.height, p.y2 + 60));
  const mid = c.store.has(block(c, l, 'hook_resid_mid'));
  const n = c.store.tokens.length;
  if (tw / n >= 2) {
    for (const [from, to] of mid ? [[0, Y0 - 18], [Y0 + 97, p.y1 - 19], [p.y1 + 65, p.y2 - 19], [p.y2 + 49, c.geometry.height]] : [[0, Y0 - 18], [Y0 + 97, p.y2 - 19], [p.y2 + 49, c.geometry.height]]) {
      for (let t = 0; t < n; t++) w.strand(BX + (t + 0.5) * s.tile.cell, from, to, t === q);
    }
  }
  const centre = BX + tw / 2;
  w.operator(centre, p.a1, '+');
  w.operator(centre, p.a2, '+');
  // The wires down pass the heads' pictures, also where tiles are narrower than those.
  const bus = NX + Math.max(tw, HEADS_W) + 16;
  const ny = Y0 + 60;
  if (normsAfter(c, l)) w.line(`M${BX + tw + 2} ${ny}H${bus + 46}`);
  else {
    w.arrow(`M${BX + tw + 2} ${Y0 + 48}H${NX - 4}`);
    w.line(`M${NX + tw + 2} ${ny}H${bus + 46}`);
  }
  w.weight(bus + 46, ny - 10, 40, 'K');
  w.arrow(`M${bus + 86} ${ny}H${CX - 4}`);
  const qX = p.qx + s.side.total - 22;
  w.line(`M${bus + 20} ${ny}V${ny + 34}H${qX - 20}`);
  w.weight(qX - 20, ny + 24, 40, 'Q');
  w.arrow(`M${qX} ${ny + 44}V${gy - 3}`);
  w.line(`M${bus + 4} ${ny}V${vy + 70}H${p.qx + 24}`);
  w.weight(p.qx + 24, vy + 60, 40, 'V');
  w.arrow(`M${p.qx + 64} ${vy + 70}H${CX - 4}`);
  w.dot(bus + 4, ny);
  w.dot(bus + 20, ny);
  const zy = gy + 40;
  const oy = gy + 92;
  w.weight(OX + tw / 2 - 20, zy - 10, 40, 'O');
  w.line(`M${p.zx + s.side.total + 2} ${zy}H${OX + tw / 2 - 21}`);
  w.arrow(`M${OX + tw / 2} ${zy + 10}V${oy - 20}`);
  w.arrow(`M${OX + tw / 2} ${oy + 98}V${p.a1}H${centre + 12}`);
  const at = (name: string): number => c.store.at(derived(l, name), q);
  const share = (write: string, stream: string): string => {
    const v = at(write) / at(stream);
    return Number.isNaN(v) ? '' : `at ${token(c, q)} this write is ${percent(v)} of the stream`;
  };
  w.text(NX, p.a1 - 8, share('attn_out_norm', 'resid_pre_norm'));
  mlpWires(p, w, mid);
  w.text(NX, p.a2 + 13, share('mlp_out_norm', 'resid_mid_norm'));
  return w.svg();
}

function mlpWires(p: Plan, w: Wires, mid: boolean): void {
  const { c, l, tw } = p;
  const gated = c.store.has(block(c, l, 'mlp.hook_pre_linear'));
  const my = p.y1 + 20;
  const X = [NX, NX + 180, NX + 352, NX + 552, OX];
  const right = X[0] + tw;
  w.arrow(mid ? `M${BX + tw + 2} ${p.y1 + 32}H${NX - 16}V${my + 48}H${NX - 4}` : `M${BX + tw + 2} ${Y0 + 80}H${NX - 16}V${my + 48}H${NX - 4}`);
  w.weight(right + 16, my + 22, 40, gated ? 'gate' : 'in');
  w.line(`M${right + 2} ${my + 32}H${right + 15}`);
  w.arrow(`M${right + 56} ${my + 32}H${X[1] - 4}`);
  if (gated) {
    const y = my + 80;
    w.line(`M${right + 2} ${y}H${right + 8}V${my + 106}H${X[1] + tw + 8}V${y}H${X[1] + tw + 12}`);
    w.weight(X[1] + tw + 12, y - 10, 40, 'up');
    w.arrow(`M${X[1] + tw + 52} ${y}H${X[2] - 4}`);
    const xo = (X[2] + tw + X[3]) / 2;
    w.operator(xo, my + 48, '×');
    w.arrow(`M${X[2] + tw + 2} ${my + 48}H${xo - 11}`);
    w.arrow(`M${xo + 10} ${my + 48}H${X[3] - 4}`);
    w.arrow(`M${X[1] + tw + 2} ${my + 20}H${X[1] + tw + 22}V${my - 22}H${xo}V${my + 37}`);
  } else w.arrow(`M${X[1] + tw + 2} ${my + 48}H${X[3] - 4}`);
  w.weight(X[3] + tw + 28, my + 38, 44, gated ? 'down' : 'out');
  w.line(`M${X[3] + tw + 2} ${my + 48}H${X[3] + tw + 27}`);
  w.arrow(`M${X[3] + tw + 72} ${my + 48}H${X[4] - 4}`);
  w.arrow(`M${X[4] + tw / 2} ${my + 98}V${p.a2 + 18}H${NX - 16}V${p.a2}H${BX + tw / 2 + 12}`);
}

/** The weights of one head as a table. */
export function twin(c: Context, l: number, h: number): TemplateResult {
  const n = c.store.tokens.length;
  const heads = c.store.facts!.heads;
  const name = block(c, l, 'attn.hook_pattern');
  const rows = Array.from({ length: n }, (_, q) => {
    const row = c.store.row(name, q);
    const keys = row ? row.length / heads : 0;
    return [token(c, q), ...Array.from({ length: n }, (_, k) => (c.store.causal && k > q ? 'masked' : row ? number(row[h * keys + k], 3) : ''))];
  });
  return table(`Attention weights, layer ${l} head ${h}`, ['query \\ key', ...c.store.tokens.map((t) => shown(t.text))], rows);
}
