// Next token: a candidate is a line from left to right, and a double bar cuts it, with the reason. Every count runs over the
// whole vocabulary and comes from the sampler that generates; below, the same prompt continued at four temperatures.

import { html, nothing, svg, type SVGTemplateResult, type TemplateResult } from 'lit';
import { type Context, type ViewParts, chosen, settings, token } from './context';
import { integer, number, percent, quoted, shown } from './format';
import { pending, table } from './pieces';
import type { State } from './state';
import type { Candidate, Draw } from './types';

const X0 = 300;
const TOP = 134;
const ROW = 24;
const STRIP = 190;
const NARROWEST = 1380;
const CURVE_W = 236;
const TEMPERATURES = [0, 0.7, 1, 2];
const CONTINUED = 32;

const SENTENCE = 'The last vector becomes one score for every token of the vocabulary; temperature sharpens or flattens them, each cut strikes out the unlikely, and the seed draws one of the rest.';

const STAGES: { name: string; key?: keyof State; max?: number; min?: number; step?: number; say: (s: State) => string }[] = [
  { name: 'logit', say: () => 'before any change' },
  { name: 'temperature', key: 'T', min: 0, max: 2, step: 0.01, say: (s) => (s.T === 0 ? '0: the largest logit wins' : `T = ${s.T.toFixed(2)}`) },
  { name: 'top-k', key: 'K', min: 0, max: 100, step: 1, say: (s) => (s.K ? `k = ${s.K}` : 'off') },
  { name: 'top-p', key: 'P', min: 0.05, max: 1, step: 0.01, say: (s) => (s.P < 1 ? `p = ${s.P.toFixed(2)}` : 'off') },
  { name: 'min-p', key: 'm', min: 0, max: 0.5, step: 0.01, say: (s) => (s.m ? `${s.m.toFixed(2)} of the largest` : 'off') },
  { name: 'probability', say: () => 'among the survivors' },
];

export function nextView(c: Context): ViewParts {
  const { q } = chosen(c);
  const rows = Math.max(6, Math.floor((c.geometry.height - TOP - STRIP - 30) / ROW));
  if (!c.store.has('logits') || !c.store.causal) return { title: 'Next token', sub: '', panel: html`${nothing}`, stage: html`<section class="card first"><div class="ph">This model draws no next token</div><p class="sub">Sampling belongs to decoders; ${c.store.facts!.name} is of the family “${c.store.facts!.family}”.</p></section>` };
  const answer = c.store.draw(q, settings(c.state), rows);
  if (answer && !(answer instanceof Error)) c.store.lastDraw = answer;
  const draw = c.store.lastDraw;
  const title = `Next token after ${token(c, q)}`;
  if (!draw) return { title, sub: '', panel: html`${nothing}`, stage: html`<div class="next">${answer instanceof Error ? html`<p class="learn">${answer.message}</p>` : pending(20)}</div>` };
  return { title, sub: '', panel: html`${nothing}`, stage: stage(c, draw, q, rows), table: c.state.twin ? twin(c, draw, q) : undefined };
}

function stage(c: Context, d: Draw, q: number, rows: number): TemplateResult {
  const width = Math.max(NARROWEST, c.geometry.width);
  const x1 = width - 250;
  const xs = [X0, ...[0, 0.265, 0.43, 0.595, 0.76].map((f) => X0 + 190 + (f * (x1 - X0 - 190)) / 0.86)];
  const height = TOP + rows * ROW + 30;
  const vocabulary = c.store.facts!.vocabulary;
  const survivors = d.left.length ? d.left[d.left.length - 1].left : vocabulary;
  const cap = (x: number, y: number, text: unknown) => html`<div class="cap" .style=${`left:${x}px;top:${y}px`}>${text}</div>`;
  return html`<div class="next" .style=${`width:${width}px;height:${height + STRIP}px`}>
    ${cap(20, 16, html`<b class="ph">All ${integer(vocabulary)} candidates</b>`)}${cap(20, 40, html`<span>logits after ${token(c, q)}; entropy ${d.entropy.toFixed(2)} bits</span>`)}
    ${cap(20, 58, html`<span>shaded: the ${integer(survivors)} that survive every cut</span>`)}
    ${curve(d, survivors, vocabulary, height - 110)}
    ${heads(c, d, xs, vocabulary)}${lines(d, xs, width, rows, height)}
    ${cap(width - 126, 18, html`<b>draw</b>`)}${slider(c, width - 126, 'random seed', 's', 0, 99, 1)}${cap(width - 126, 58, html`<span class="v">seed ${c.state.s}, replayable</span>`)}${cap(width - 126, 78, html`<span>draws ${quoted(d.drawn.text)}</span>`)}
    ${cap(X0, height - 24, html`<span>and ${integer(Math.max(0, vocabulary - d.candidates.length))} more</span>`)}
    ${cap(X0, height - 8, html`<span>${SENTENCE}</span>`)}
    ${strip(c, height + 14, width)}</div>`;
}

function slider(c: Context, x: number, label: string, key: keyof State, min: number, max: number, step: number): TemplateResult {
  return html`<input class="abs" type="range" aria-label=${label} min=${min} max=${max} step=${step} .value=${String(c.state[key])} .style=${`left:${x}px;top:38px;width:112px`}
    @input=${(e: Event) => c.go({ [key]: Number((e.target as HTMLInputElement).value) }, true)}>`;
}

function heads(c: Context, d: Draw, xs: number[], vocabulary: number): TemplateResult {
  let before = vocabulary;
  return html`${STAGES.map((stage, i) => {
    const counted = d.left.find((s) => s.name === stage.name);
    const now = counted?.left ?? before;
    const same = now === before && i > 1;
    before = now;
    return html`<div class="cap" .style=${`left:${xs[i]}px;top:18px`}><b class="st">${i === 1 ? '÷ temperature' : stage.name}</b></div>
      ${stage.key ? slider(c, xs[i], stage.name, stage.key, stage.min!, stage.max!, stage.step!) : nothing}
      <div class="cap" .style=${`left:${xs[i]}px;top:${stage.key ? 58 : 40}px`}><span class=${stage.key ? 'v' : ''}>${stage.say(c.state)}</span></div>
      ${stage.key ? html`<div class="cap" data-stage=${stage.name} data-left=${now} .style=${`left:${xs[i]}px;top:78px`}><span>${same ? 'none cut; ' : ''}${integer(now)} left</span></div>` : nothing}`;
  })}`;
}

/** Logits of the whole vocabulary by rank. */
function curve(d: Draw, survivors: number, vocabulary: number, height: number): TemplateResult {
  const [low, high] = [Math.min(...d.curve), Math.max(...d.curve)];
  const x = (rank: number): number => 26 + ((CURVE_W - 36) * Math.log(Math.max(1, rank))) / Math.log(Math.max(2, vocabulary));
  const y = (v: number): number => 8 + ((height - 50) * (high - v)) / Math.max(1e-6, high - low);
  const parts: SVGTemplateResult[] = [];
  for (let r = 1; r < vocabulary; r *= 10) parts.push(svg`<line class="g" x1=${x(r)} x2=${x(r)} y1="8" y2=${height - 42}></line><text class="m" x=${x(r)} y=${height - 26}>${r >= 1000 ? `${r / 1000}k` : r}</text>`);
  for (let v = Math.ceil(low / 10) * 10; v <= high; v += 10) parts.push(svg`<line class="g" x1="26" x2=${CURVE_W - 10} y1=${y(v)} y2=${y(v)}></line><text class="e" x="21" y=${y(v) + 3.5}>${String(v).replace('-', '−')}</text>`);
  const cut = x(survivors);
  return html`<svg class="abs plot" .style=${'left:20px;top:92px'} width=${CURVE_W + 10} height=${height} aria-hidden="true">${parts}
    <rect class="kept" x="26" y="8" width=${Math.max(2, cut - 26)} height=${height - 50}></rect><line class="cut" x1=${cut} x2=${cut} y1="8" y2=${height - 42}></line>
    <polyline points=${d.ranks.map((r, i) => `${x(r)},${y(d.curve[i])}`).join(' ')}></polyline>
    <text x="26" y="2">logit</text><text x="26" y=${height - 10}>rank of the candidate, log scale</text></svg>`;
}

function lines(d: Draw, xs: number[], width: number, rows: number, height: number): TemplateResult {
  const list = d.candidates.slice(0, rows);
  const largest = Math.max(...list.map((x) => x.share), 1e-6);
  const scale = 70 / Math.max(largest, ...list.map((x) => x.probability));
  const low = Math.min(...list.map((x) => x.logit)) - 1;
  const span = Math.max(1e-6, list[0].logit - low);
  const bx = width - 96;
  const by = TOP - ROW / 2;
  const bh = rows * ROW - 6;
  const parts = list.map((x, i) => line(x, i, { d, xs, width, scale, low, span, bx, by, bh }));
  return html`<svg class="abs plot flow" .style=${'left:0;top:0'} width=${width} height=${height} aria-hidden="true">
    <line class="r" x1=${X0 - 12} x2=${width - 20} y1=${TOP - 24} y2=${TOP - 24}></line>${parts}${bars(d, list, bx, by, bh)}</svg>`;
}

interface Place { d: Draw; xs: number[]; width: number; scale: number; low: number; span: number; bx: number; by: number; bh: number }

function line(x: Candidate, i: number, p: Place): SVGTemplateResult {
  const { xs, scale } = p;
  const y = TOP + i * ROW;
  const cut = STAGES.findIndex((s) => s.name === x.cutBy);
  const won = x.id === p.d.drawn.id;
  const cls = (won ? ' won' : '') + (cut > 0 ? ' gone' : '');
  const first = xs[1] + scale * x.probability + 54;
  const end = cut > 0 ? xs[cut] - 6 : xs[5];
  return svg`<g class=${'c' + cls}>
    ${won ? svg`<rect class="band" x=${X0 - 14} y=${y - ROW / 2 + 1} width=${p.width - 6 - X0} height=${ROW - 2}></rect>` : nothing}
    <text class="t" x=${X0 + 76} y=${y + 4}>${shown(x.text).slice(0, 14)}</text>
    <rect class="lg" x=${X0 + 84} y=${y - 4.5} width=${Math.max(1, (42 * (x.logit - p.low)) / p.span)} height="9"></rect><text x=${X0 + 132} y=${y + 4}>${number(x.logit, 2)}</text>
    ${cut === 1 ? nothing : svg`<rect class="pr" x=${xs[1]} y=${y - 4.5} width=${Math.max(1, scale * x.probability)} height="9"></rect><text x=${xs[1] + scale * x.probability + 6} y=${y + 4}>${percent(x.probability)}</text>`}
    ${cut !== 1 && end > first ? svg`<line class="run" x1=${first} x2=${end} y1=${y} y2=${y}></line>` : nothing}
    ${[2, 3, 4].filter((j) => cut < 0 || cut > j).map((j) => svg`<circle cx=${xs[j] + 2} cy=${y} r="2.6"></circle>`)}
    ${cut > 0 ? svg`<path class="bar" d=${`M${xs[cut] - 2} ${y - 6}v12M${xs[cut] + 2} ${y - 6}v12`}></path><text class="why" x=${xs[cut] + 9} y=${y + 4}>${x.reason}</text>`
      : svg`<rect class="pr" x=${xs[5] + 4} y=${y - 5.5} width=${Math.max(1, scale * x.share)} height="11"></rect><text class="q" x=${xs[5] + 10 + scale * x.share} y=${y + 4}>${percent(x.share)}</text>
        ${x.share > 0.004 ? svg`<path class="to" d=${`M${xs[5] + 66 + scale * x.share} ${y}C${p.bx - 40} ${y} ${p.bx - 40} ${p.by + p.bh * (x.from + x.share / 2)} ${p.bx - 2} ${p.by + p.bh * (x.from + x.share / 2)}`}></path>` : nothing}`}</g>`;
}

/** The survivors' probabilities end to end; what is not in the list is one hatched rest. */
function bars(d: Draw, list: Candidate[], bx: number, by: number, bh: number): SVGTemplateResult[] {
  let last = -99;
  const alive = list.filter((x) => x.cutBy === '');
  const end = alive.length ? alive[alive.length - 1].from + alive[alive.length - 1].share : 0;
  const parts = alive.map((x, i) => {
    const [y, h, won] = [by + bh * x.from, bh * x.share, x.id === d.drawn.id];
    const labelled = h > 13 && y - last > 12;
    if (labelled) last = y;
    return svg`<g class=${'c' + (won ? ' won' : '')}><rect class="seg" x=${bx} y=${y} width="30" height=${Math.max(0.6, h)} fill-opacity=${won ? 0.85 : i % 2 ? 0.35 : 0.55}></rect>${labelled ? svg`<text class="l" x=${bx + 36} y=${y + h / 2 + 4}>${shown(x.text).slice(0, 9)}</text>` : nothing}</g>`;
  });
  if (end < 0.999) parts.push(svg`<rect class="others" x=${bx} y=${by + bh * end} width="30" height=${bh * (1 - end)}></rect>`);
  return parts;
}

function strip(c: Context, top: number, width: number): TemplateResult {
  const { continuations, busy, tokens } = c.store;
  const run = () => void c.store.continueAll(TEMPERATURES.map((temperature) => ({ ...settings(c.state), temperature })), CONTINUED);
  return html`<section class="strip" .style=${`top:${top}px;width:${width - 40}px`}>
    <header><b>The same text continued at four temperatures</b><span class="sub">after all ${tokens.length} tokens, with the cuts and the seed above</span>
      <button class="btn" ?disabled=${!!busy} @click=${run}>Continue ${CONTINUED} tokens</button></header>
    <div class="four">${TEMPERATURES.map((t, i) => {
      const one = continuations[i];
      return html`<div class="one"><div class="sub">T = ${t}${t === 0 ? ', the largest logit each time' : ''}</div><p data-temperature=${t}>${one?.count ? one.text : html`<span class="sub">${continuations.length ? 'waits' : 'not run yet'}</span>`}</p></div>`;
    })}</div></section>`;
}

function twin(c: Context, d: Draw, q: number): TemplateResult {
  return table(`Candidates after ${token(c, q)}`, ['rank', 'token', 'id', 'logit', 'after temperature', 'cut by', 'final probability'],
    d.candidates.map((x) => [x.rank, shown(x.text), x.id, number(x.logit), percent(x.probability), x.cutBy, x.cutBy ? '' : percent(x.share) + (x.id === d.drawn.id ? ', drawn' : '')]));
}
