// Training: how a model came to be, from the files of its run. Curves on the sheet; beside them how far it is, what the model says and
// attends to at the step that is shown, and the recipe.

import { html, nothing, type TemplateResult } from 'lit';
import './curves';
import './heads';
import { type Context, type ViewParts, chosen, settings, token } from './context';
import { five, whole } from './curves';
import { integer, percent, shown } from './format';
import { pending, section, shareRow, table } from './pieces';
import { GRADIENT, LOSS, MEASURES, RATE, SPEED, STEP, type Training, type Valid, duration, keys } from './training';

const MOST_THUMBS = 24;
const ROOM = 284;
const CANDIDATES = 4;
const MOST_SAMPLES = 8;
const MOST_ROWS = 400;
const MOST_KEYS = 200;

export function trainingView(c: Context): ViewParts {
  const t = c.store.training!;
  const now = Date.now() / 1000;
  return {
    title: 'Training', sub: sub(t, now),
    stage: html`<div class="training">${t.rows.length ? html`${controls(c, t)}<cut-curves .ctx=${c}></cut-curves>` : nothingYet(t)}</div>`,
    panel: !t.here ? nothing : html`${t.complaint ? html`<p class="sec warn" role="alert">${t.complaint}</p>` : nothing}${progress(t, now)}${ahead(t, now)}${inside(c)}${samples(t)}${recipe(t)}`,
    table: c.state.twin ? twin(t) : undefined,
  };
}

function sub(t: Training, now: number): string {
  if (!t.here) return '';
  if (t.finished) return `finished: ${integer(t.step)} steps`;
  if (t.steps === 0) return 'not begun';
  const left = t.silent(now) ? '' : duration((t.steps - t.step) * t.pace);
  return `step ${integer(t.step)} of ${integer(t.steps)}${left ? `, ${left} left` : ''}`;
}

function nothingYet(t: Training): TemplateResult {
  const begun = t.begin.steps !== undefined;
  return html`<section class="card first"><div class="ph">${!t.here ? 'Reading the run' : begun ? 'The first step is being computed' : 'This run has not begun'}</div>
    <p class="sub">${t.here ? html`What it writes to <span class="mono">${t.directory}/run.jsonl</span> appears here at once.` : 'Its file is read from the beginning.'}</p><div class="hatchbox waiting"></div></section>`;
}

function controls(c: Context, t: Training): TemplateResult {
  const seg = (label: string, options: string[], at: number, to: (i: number) => void) => html`<div class="seg" role="group" aria-label=${label}>${options.map((o, i) => html`<button aria-pressed=${String(i === at)} @click=${() => to(i)}>${o}</button>`)}</div>`;
  return html`<div class="tools"><span class="sub">loss</span>${seg('Scale of the loss', ['linear', 'log'], c.state.ylog ? 1 : 0, (i) => c.go({ ylog: i }, true))}
    ${t.columns.length ? html`<span class="sub">norms by part</span>${seg('Norm that is shown by part', MEASURES, c.state.nm, (i) => c.go({ nm: i }, true))}` : nothing}
    <span class="sub says">${t.width > 1 ? `Of every ${t.width} steps the first, the last and the extremes are drawn; nothing is averaged.` : t.stride > 1 ? `Every ${t.stride}th step is kept; nothing is averaged.` : 'Every step is drawn as it is in the file.'}</span></div>`;
}

const row = (name: string, value: unknown): TemplateResult => html`<div class="fact"><span>${name}</span><b>${value}</b></div>`;

function progress(t: Training, now: number): TemplateResult {
  const last = t.last;
  const age = t.age(now);
  const word = t.finished ? 'finished' : t.begin.steps === undefined ? 'not begun' : t.silent(now) ? `silent for ${duration(age)}` : 'running';
  const held = t.valid[t.valid.length - 1];
  const best = t.valid.reduce<Valid | undefined>((b, v) => (v[1] !== null && (!b || v[1] < b[1]!) ? v : b), undefined);
  return section(word[0].toUpperCase() + word.slice(1), t.recipe,
    last ? html`${row(`loss of step ${integer(last[STEP]!)}`, five(last[LOSS]))}
    ${held ? row(`held-out loss, step ${integer(held[0])}`, five(held[1])) : nothing}
    ${held ? Object.entries(held[2] ?? {}).map(([name, v]) => row(`${name} right, step ${integer(held[0])}`, percent(v))) : nothing}
    ${best && best !== held ? row(`least held-out loss, step ${integer(best[0])}`, five(best[1])) : nothing}
    ${row('norm of the gradient', five(last[GRADIENT]))}${row('learning rate', five(last[RATE]))}${row('tokens/s', whole(last[SPEED]))}
    ${t.finished ? row('time of all steps', duration(t.end.seconds ?? NaN)) : nothing}` : nothing,
    t.silent(now) && !t.finished && t.begin.steps !== undefined ? html`<p class="sub">Nothing has been written since. A run that was stopped goes on with --resume.</p>` : nothing,
    ...(t.begin.notes ?? []).map((n) => html`<p class="sub">${n}</p>`));
}

function ahead(t: Training, now: number): TemplateResult | typeof nothing {
  if (t.finished || t.begin.steps === undefined || t.silent(now)) return nothing;
  const pace = t.pace;
  const when = (step: number): string => (Number.isNaN(pace) ? '' : `, in ${duration((step - t.step) * pace)}`);
  return section('What comes next', Number.isNaN(pace) ? '' : 'at the present pace',
    ...t.next.map(([what, step]) => row(what, `step ${integer(step)}${when(step)}`)), row('end', `step ${integer(t.steps)}${when(t.steps)}`));
}

/** The model of the step that is shown, at work on the text: the same drawing, replayed over steps. */
function inside(c: Context): TemplateResult {
  const { store } = c;
  const t = store.training!;
  if (t.saved.length === 0) {
    const first = t.next.filter(([what]) => what === 'checkpoint' || what === 'snapshot')[0];
    return section('Inside the model', '', html`<p class="sub">No model is saved yet${first ? `; the first is due at step ${integer(first[1])}` : ''}. Then its attention appears here, and the other views open.</p>`);
  }
  const step = store.shown ? `step ${integer(store.shown.step)}` : '';
  if (!store.facts || store.tokens.length === 0) return section('Inside the model', step, store.error ? html`<p class="sub">${store.error}</p>` : html`<p class="sub">${store.busy || 'Opening the model'}</p>${pending(6)}`);
  const { layers, heads } = store.facts;
  const { l, q } = chosen(c);
  const all = layers * heads <= MOST_THUMBS;
  const list = all ? Array.from({ length: layers * heads }, (_, i): [number, number] => [Math.floor(i / heads), i % heads]) : Array.from({ length: heads }, (_, i): [number, number] => [l, i]);
  const columns = all && heads <= 6 ? heads : Math.min(list.length, 6);
  const size = Math.min(88, Math.floor(ROOM / columns) - 8);
  return html`${section('Attention', step,
    all ? nothing : html`<p class="sub">layer <button class="lk" ?disabled=${l === 0} @click=${() => c.go({ l: l - 1 }, true)}>‹</button> ${l} <button class="lk" ?disabled=${l === layers - 1} @click=${() => c.go({ l: l + 1 }, true)}>›</button></p>`,
    html`<div class="replay" .style=${`grid-template-columns:repeat(${columns},${size}px)`}>${list.map(([layer, head]) => html`<div><button class="thumb" .style=${`width:${size}px;height:${size}px`} title=${`layer ${layer}, head ${head}: open`}
      aria-label=${`layer ${layer}, head ${head}`} @click=${() => c.go({ view: 'head', l: layer, h: head })}><cut-thumb .ctx=${c} .layer=${layer} .head=${head} .size=${size}></cut-thumb></button><small>${all ? `${layer}.${head}` : head}</small></div>`)}</div>
      <p class="sub">of “${store.tokens.map((p) => shown(p.text)).join(' ')}”, ${all ? 'layer.head' : 'by head'}; a row for each token that reads</p>`)}${next(c, q)}`;
}

function next(c: Context, q: number): TemplateResult | typeof nothing {
  const { store } = c;
  if (!store.causal || !store.has('logits')) return nothing;
  const d = store.draw(q, { ...settings(c.state), temperature: 1, topK: 0, topP: 1, minP: 0 }, CANDIDATES);
  const title = `After ${token(c, q)} comes`;
  if (!d || d instanceof Error) return section(title, '', pending(CANDIDATES));
  return section(title, '', d.candidates.map((x) => shareRow(c, shown(x.text), x.probability, percent(x.probability))));
}

function samples(t: Training): TemplateResult | typeof nothing {
  if (t.samples.length === 0) return nothing;
  const list = t.samples.slice(-MOST_SAMPLES).reverse();
  const more = t.samples.length + t.omitted - list.length;
  return section('Samples', more > 0 ? `the last ${list.length}; all in the table` : 'newest first', list.map((s) => html`<div class="sample"><small>step ${integer(s.step)}</small><p><b>${s.prompt}</b>${s.text}</p></div>`));
}

function recipe(t: Training): TemplateResult | typeof nothing {
  const list = keys(t.begin.recipe ?? {}).filter(([k]) => k).slice(0, MOST_KEYS);
  if (list.length === 0) return nothing;
  return section('Recipe', t.begin.parameters ? `${integer(t.begin.parameters)} parameters` : '', list.map(([k, v]) => html`<div class="fact key"><span>${k}</span><b>${v}</b></div>`));
}

function twin(t: Training): TemplateResult {
  const rows = t.rows.slice(-MOST_ROWS).reverse();
  const held = new Map(t.valid.map(([step, ...v]) => [step, v]));
  const text = (v: number | null | undefined): string => (v === null || v === undefined ? '' : String(v));
  const columns = t.columns.slice(-1);
  return html`${table(rows.length < t.rows.length ? `The last ${rows.length} recorded steps, newest first` : 'All recorded steps, newest first', ['step', 'loss', 'held-out loss', ...t.counted.map((n) => `${n} right`), 'norm of the gradient', 'learning rate', 'tokens/s'],
    rows.map((r) => [integer(r[STEP]!), text(r[LOSS]), text(held.get(r[STEP]!)?.[0]), ...t.counted.map((n) => text(held.get(r[STEP]!)?.[1]?.[n])), text(r[GRADIENT]), text(r[RATE]), text(r[SPEED])]))}
    ${columns.map((n) => table(`Norms by part, ${n.count > 1 ? `the largest of ${n.count} steps to` : 'step'} ${integer(n.last)}`, ['part', ...MEASURES], t.parts.map((p, i) => [p, ...n.measures.map((m) => text(m[i]))])))}
    ${t.samples.length ? table(`Samples${t.omitted ? `, without the first ${t.omitted}` : ''}`, ['step', 'prompt', 'text'], t.samples.map((s) => [integer(s.step), s.prompt, s.text])) : nothing}`;
}
