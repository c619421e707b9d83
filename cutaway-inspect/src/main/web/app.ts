// The sheet: bar, ruler, spine, stage, panel and title block, and the state that is in the address.

import { LitElement, html, nothing } from 'lit';
import { PRESETS, FIRST } from './presets';
import { Scale, clamp, type Theme } from './scale';
import { type State, kept, parse, write } from './state';
import { Store } from './store';
import { type Context, type ViewParts, chosen, geometry, settings, token } from './context';
import { ruler } from './ruler';
import { spine } from './spine';
import { steps } from './steps';
import { titleBlock } from './title';
import { say } from './tip';
import { modelView } from './view-model';
import { layerView } from './view-layer';
import { headView } from './view-head';
import { numberView } from './view-number';
import { nextView } from './view-next';
import { tokensView } from './view-tokens';
import { trainingView } from './view-training';

const GENERATED_AT_FIRST = 4;
const VIEWS: Record<string, (c: Context) => ViewParts> = {
  model: modelView, layer: layerView, head: headView, number: numberView, next: nextView, tokens: tokensView, training: trainingView,
};
const FULL = new Set(['next', 'number', 'tokens']);
const WITHOUT_RULER = new Set(['number', 'tokens']);
/** milliseconds between two steps: a replay of few steps goes slowly, one of many takes about twenty seconds */
const PLAYED_EVERY = 450;
/** milliseconds between two steps of a run that is followed: whoever looks shall not take the trainer's time */
const FOLLOWED_EVERY = 800;
const PLAYED_AT_LEAST = 120;
const PLAYED_IN = 20_000;
const TOLD_EVERY = 1000;

export class CutApp extends LitElement {
  private readonly store = new Store(() => this.requestUpdate());
  private state: State = parse(location.hash);
  private stageSize: [number, number] = [1032, 780];
  private lastView = '';
  private revealed = '';
  private typed?: string;
  private playing = false;
  private stepping?: Promise<void>;
  /** when the run that the shown model belongs to began */
  private begun?: number;

  createRenderRoot(): HTMLElement {
    return this;
  }

  connectedCallback(): void {
    super.connectedCallback();
    if (new URLSearchParams(location.search).has('token')) history.replaceState(null, '', location.pathname + location.hash);
    addEventListener('popstate', () => this.arrive());
    addEventListener('keydown', (e) => this.key(e));
    this.store.onhello = () => void this.begin();
    this.store.onrun = (event) => {
      // A new step alone changes nothing in the other views.
      if (this.state.view === 'training' || event.saved || event.about) this.store.touch();
      this.told();
    };
    // Time left and time since the last news change without news.
    setInterval(() => { if (this.state.view === 'training' && this.store.training && !this.store.training.finished) this.requestUpdate(); }, TOLD_EVERY);
    document.addEventListener('visibilitychange', () => this.told());
    this.store.wire.connect();
  }

  firstUpdated(): void {
    const stage = this.querySelector('#stage')!;
    new ResizeObserver(() => this.measure()).observe(stage);
    stage.addEventListener('scroll', () => this.scrolled());
    this.measure();
  }

  private measure(): void {
    const stage = this.querySelector('#stage')!;
    const size: [number, number] = [stage.clientWidth, stage.clientHeight];
    if (size[0] === this.stageSize[0] && size[1] === this.stageSize[1]) return;
    this.stageSize = size;
    this.requestUpdate();
  }

  private scrolled(): void {
    const stage = this.querySelector('#stage')!;
    const scrollable = this.state.view === 'model';
    if (scrollable) this.querySelector('#ruler')!.scrollLeft = stage.scrollLeft;
    if (scrollable || this.state.view === 'head') this.querySelector('#spine')!.scrollTop = stage.scrollTop;
  }

  // ---- state

  private arrive(): void {
    const before = this.state;
    this.state = { ...parse(location.hash), th: this.state.th };
    if (this.state.model !== before.model) void this.begin();
    else if (this.state.p !== before.p || this.state.i !== before.i) void this.run();
    else if (this.state.step !== before.step) void this.toStep();
    this.requestUpdate();
  }

  private readonly go = (change: Partial<State>, replace = false): void => {
    const before = this.state;
    this.state = { ...this.state, ...change };
    if (before.view !== this.state.view || before.l !== this.state.l || before.z !== this.state.z || before.lens !== this.state.lens) this.store.leave();
    const address = write(this.state);
    if (replace) history.replaceState(null, '', address);
    else if (address !== location.hash) history.pushState(null, '', address);
    this.requestUpdate();
  };

  private async begin(): Promise<void> {
    if (this.store.training) {
      if (!location.hash) this.go({ view: 'training' }, true);
      return; // the rest when the server has told which steps are saved
    }
    if (this.state.view === 'training') this.go({ view: 'model' }, true);
    await this.store.open(this.state.model || this.store.models[0]);
    if (!this.store.facts) return;
    if (!this.state.p) this.go({ p: FIRST, g: GENERATED_AT_FIRST }, true);
    await this.run();
  }

  /** Reads the prompt of the state and generates as many tokens as the state says. */
  private async run(): Promise<void> {
    this.typed = undefined;
    if (this.store.training) {
      this.store.shown = undefined;
      await this.toStep();
    } else await this.store.prompt(this.state.p);
    if (this.store.error) return;
    if (this.state.q < 0) this.go({ q: this.store.tokens.length - 1 }, true);
    if (this.store.causal && this.state.g > 0) await this.store.generate(settings(this.state), this.state.g);
  }

  // ---- the steps of a training run

  /** The run has told something: the newest model may be another one. */
  private told(): void {
    const { training, shown } = this.store;
    if (!training || document.hidden || training.saved.length === 0) return;
    if (this.begun !== undefined && shown && training.begin.time !== this.begun && (training.begin.step ?? 0) < shown.step) this.store.shown = undefined; // another run has taken its place
    this.begun = training.begin.time;
    if (!this.state.p) this.go({ p: training.prompts[0] ?? FIRST }, true);
    if (!this.store.error && !this.playing && !this.stepping) void (this.store.shown ? this.toStep() : this.run());
  }

  /** Shows the model of the step that the state asks for; if that changes meanwhile, the last wish counts. */
  private toStep(): Promise<void> {
    this.stepping ??= this.follow().finally(() => { this.stepping = undefined; });
    return this.stepping;
  }

  private async follow(): Promise<void> {
    for (;;) {
      while (this.store.busy) await new Promise((done) => setTimeout(done, 40));
      const wanted = this.store.training?.nearest(this.state.step);
      const there = this.store.shown;
      if (!wanted || this.store.ended || (there && there.name === wanted.name)) return;
      const began = performance.now();
      await this.store.replace(wanted, this.state.p, kept(this.state));
      if (this.store.error) return;
      while (this.state.step < 0 && !this.playing && performance.now() - began < FOLLOWED_EVERY) await new Promise((done) => setTimeout(done, 40));
    }
  }

  /** What models wrote so far stays the text, whichever step's model reads it next. */
  private stepTo(step: number): Promise<void> {
    const { tokens, prompted, training } = this.store;
    if (!training || training.saved.length === 0) return Promise.resolve();
    const to = step < 0 ? -1 : training.nearest(step)!.step;
    const i = tokens.slice(prompted).map((t) => t.id).join('.');
    this.store.error = '';
    this.go(tokens.length ? { step: to, i, g: 0 } : { step: to }, true);
    return this.toStep();
  }

  private async play(): Promise<void> {
    this.playing = !this.playing;
    this.requestUpdate();
    const { training } = this.store;
    if (!this.playing || !training) return;
    let at = training.saved.findIndex((s) => s.step === this.store.shown?.step);
    if (at === training.saved.length - 1) at = -1;
    while (this.playing && ++at < training.saved.length) {
      const began = performance.now();
      await this.stepTo(training.saved[at].step);
      if (this.store.error || this.store.ended) break;
      const every = clamp(PLAYED_IN / training.saved.length, PLAYED_AT_LEAST, PLAYED_EVERY);
      await new Promise((done) => setTimeout(done, Math.max(0, every - (performance.now() - began))));
    }
    this.playing = false;
    this.requestUpdate();
  }

  // ---- the text

  private readonly submit = (e: Event): void => {
    e.preventDefault();
    const text = this.querySelector<HTMLInputElement>('#prompt input')!.value;
    if (!text || this.store.busy) return;
    // Over a training run the text shall be the same for all steps.
    this.go({ p: text, g: this.store.training ? 0 : GENERATED_AT_FIRST, i: '', q: -1, n: '', z: '' });
    if (this.store.training && this.store.training.saved.length === 0) return;
    void this.run();
  };

  private async more(count: number): Promise<void> {
    if (this.store.busy || !this.store.causal) return;
    const before = this.store.tokens.length;
    await this.store.generate(settings(this.state), count);
    const grown = this.store.tokens.length - before;
    this.go({ g: this.store.tokens.length - this.store.prompted - kept(this.state).length, q: grown > 0 ? this.store.tokens.length - 1 : this.state.q }, true);
  }

  private async less(): Promise<void> {
    const length = this.store.tokens.length - 1;
    if (this.store.busy || length < 1) return;
    await this.store.truncate(length);
    const after = Math.max(0, length - this.store.prompted);
    const ids = kept(this.state).slice(0, after);
    this.go({ i: ids.join('.'), g: after - ids.length, q: Math.min(this.state.q, length - 1) }, true);
  }

  private key(e: KeyboardEvent): void {
    const target = e.target as HTMLElement;
    if (target.matches('input, select, textarea') || e.ctrlKey || e.metaKey || e.altKey) return;
    const c = this.context();
    const { q } = chosen(c);
    if (e.key === '[' || e.key === ']') {
      const to = clamp(q + (e.key === ']' ? 1 : -1), 0, this.store.tokens.length - 1);
      this.go({ q: to, k: -1 }, true);
      say(`token ${token(c, to)}`);
    } else if (e.key === 't') this.go({ twin: this.state.twin ? 0 : 1 });
    else if (e.key === 'l') this.go({ lens: this.state.lens ? 0 : 1 });
    else if (e.key === 'd') this.setTheme(this.theme === 'dark' ? 'light' : 'dark');
    else if (e.key === 'Escape') this.outwards();
    else return;
    e.preventDefault();
  }

  private outwards(): void {
    const s = this.state;
    if (s.twin) this.go({ twin: 0 });
    else if (s.view === 'number') this.go({ view: 'layer' });
    else if (s.view === 'layer' && s.z) this.go({ z: '' });
    else if (s.view === 'layer' && s.n) this.go({ n: '' });
    else if (s.view === 'head') this.go({ view: 'layer' });
    else if (s.view !== 'model' && s.view !== 'training') this.go({ view: 'model' });
  }

  private get theme(): Theme {
    const wish = this.state.th || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    return wish === 'dark' ? 'dark' : 'light';
  }

  private setTheme(theme: Theme): void {
    this.go({ th: theme }, true);
  }

  private context(): Context {
    const facts = this.store.facts;
    const knee = this.state.knee > 0 ? this.state.knee : facts?.knee || 0.5;
    const end = this.state.end > knee ? this.state.end : facts?.end || 300;
    return {
      store: this.store,
      state: this.state,
      scale: new Scale(this.theme, knee, end),
      geometry: geometry(this.stageSize[0], this.stageSize[1], facts?.layers ?? 12, this.store.tokens.length),
      go: this.go,
      replay: { playing: this.playing, to: (step) => { this.playing = false; void this.stepTo(step); }, play: () => void this.play() },
    };
  }

  // ---- drawing

  render() {
    const c = this.context();
    const training = this.state.view === 'training' && this.store.training !== undefined;
    const view = training || (this.store.facts && this.store.tokens.length > 0 && this.state.view !== 'training') ? VIEWS[this.state.view](c) : undefined;
    document.documentElement.dataset.theme = this.theme;
    document.title = `Cutaway: ${view ? view.title : 'opening'}`;
    const classes = (FULL.has(this.state.view) ? 'full ' : '') + (WITHOUT_RULER.has(this.state.view) ? 'noruler' : '') + (training ? 'curves' : '');
    return html`${this.bar(c)}${steps(c)}
      <main id="main" class=${classes}>
        <h1 class="sr">Cutaway: ${view ? view.title : 'opening a model'}</h1>
        <div id="corner">${this.corner()}</div>
        <div id="ruler" role="toolbar" aria-label="Tokens">${ruler(c)}</div>
        <header id="pcorner">${view ? html`<h2>${view.title}</h2><span>${view.sub}</span>` : nothing}</header>
        <nav id="spine" aria-label="Layers">${FULL.has(this.state.view) ? nothing : spine(c)}</nav>
        <section id="stage" tabindex="-1" aria-label="Drawing">
          ${view ? view.stage : this.empty()}${this.state.twin && view?.table ? html`<div class="twin" tabindex="0">${view.table}</div>` : nothing}${this.notice()}
        </section>
        <aside id="panel" aria-label="Reading" tabindex="0">${view ? view.panel : nothing}</aside>
      </main>
      ${titleBlock(c)}`;
  }

  updated(): void {
    this.measure();
    const stage = this.querySelector<HTMLElement>('#stage')!;
    if (this.lastView !== this.state.view) {
      const g = geometry(this.stageSize[0], this.stageSize[1], this.store.facts?.layers ?? 12, this.store.tokens.length);
      const { l } = chosen(this.context());
      stage.style.setProperty('--y0', `${g.top + l * g.rowH}px`);
      stage.style.setProperty('--y1', `${Math.max(0, g.height - g.top - (l + 1) * g.rowH)}px`);
      stage.className = this.lastView === 'model' && this.state.view === 'layer' ? 'cut' : this.lastView ? 'fade' : '';
      this.lastView = this.state.view;
      stage.scrollTo(0, 0);
    }
    this.reveal(stage);
    const pressed = this.querySelector<HTMLElement>('#ruler .tk[aria-pressed="true"]');
    const bar = this.querySelector<HTMLElement>('#ruler')!;
    if (pressed && this.state.view !== 'model' && bar.scrollWidth > bar.clientWidth) bar.scrollLeft = pressed.offsetLeft - bar.clientWidth / 2;
  }

  /** Brings the chosen token's column of the drawing into view when another one was chosen. */
  private reveal(stage: HTMLElement): void {
    if (this.state.view !== 'model' || this.store.tokens.length === 0) return;
    const c = this.context();
    const { q } = chosen(c);
    const key = `${this.store.tokens.length > 0}|${q}|${this.state.view}`;
    if (key === this.revealed) return;
    this.revealed = key;
    const { colW } = c.geometry;
    const left = 8 + q * colW;
    // The sheet draws itself after this element: until then it is as wide as it was.
    void stage.querySelector<LitElement>('cut-model')?.updateComplete.then(() => {
      if (left < stage.scrollLeft || left + colW > stage.scrollLeft + stage.clientWidth) stage.scrollLeft = left - stage.clientWidth / 2;
    });
  }

  private bar(c: Context) {
    const { l, h } = chosen(c);
    const at = this.state.view;
    const link = (to: Partial<State>, text: string, here: boolean) =>
      html`<a href=${write({ ...this.state, ...to })} aria-current=${here ? 'page' : nothing} @click=${(e: Event) => { e.preventDefault(); this.go(to); }}>${text}</a>`;
    return html`<header id="bar">
      <a class="word" href="#/model" aria-label="Cutaway, the whole model" @click=${(e: Event) => { e.preventDefault(); this.go({ view: 'model' }); }}>
        <svg viewBox="0 0 18 18" aria-hidden="true"><path d="M1.5 1.5h15v15h-15z" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M9 1.5v15M9 9h7.5" stroke="currentColor" stroke-width="1.4"/><path d="M9 6l3-4M9 9l6-7.3M11.5 9l5-6" stroke="var(--sec)" stroke-width="1"/></svg>Cutaway</a>
      <nav id="depth" aria-label="Depth">
        ${link({ view: 'model' }, 'Model', at === 'model')}<i>›</i>${link({ view: 'layer', l, h }, `Layer ${l}`, at === 'layer')}<i>›</i>${link({ view: 'head', l, h }, `Head ${h}`, at === 'head')}<i>›</i>${link({ view: 'number' }, 'Number', at === 'number')}
      </nav>
      ${this.promptBox()}
      <nav id="modes" aria-label="Views">${this.store.training ? link({ view: 'training' }, 'Training', at === 'training') : nothing}${link({ view: 'tokens' }, 'Tokens', at === 'tokens')}${link({ view: 'next' }, 'Next token', at === 'next')}</nav>
      <div id="tools">
        <button class="btn" ?hidden=${at === 'number'} aria-pressed=${String(!!this.state.twin)} title="Show the numbers as a table (t)" @click=${() => this.go({ twin: this.state.twin ? 0 : 1 })}>Table</button>
        <button class="btn" title="Change the theme (d)" @click=${() => this.setTheme(this.theme === 'dark' ? 'light' : 'dark')}>${this.theme === 'dark' ? 'Light' : 'Dark'}</button>
      </div>
    </header>`;
  }

  private promptBox() {
    const busy = this.store.busy;
    const groups = [...new Set(PRESETS.map((p) => p.group))];
    return html`<form id="prompt" @submit=${this.submit}>
      <input aria-label="Prompt" autocomplete="off" spellcheck="false" .value=${this.typed ?? this.state.p} @input=${(e: Event) => { this.typed = (e.target as HTMLInputElement).value; }}>
      <select aria-label="Prompts to try" title="Prompts to try" .value=${''} @change=${(e: Event) => this.choose(e)}>
        <option value="" disabled hidden></option>
        ${groups.map((g) => html`<optgroup label=${g}>${PRESETS.filter((p) => p.group === g).map((p) => html`<option value=${p.text}>${p.text}</option>`)}</optgroup>`)}
        ${this.store.training ? html`<optgroup label="Prompts of the recipe">${this.store.training.prompts.map((p) => html`<option value=${p}>${p}</option>`)}</optgroup>` : nothing}
        ${this.store.models.length > 1 && !this.store.training ? html`<optgroup label="Models">${this.store.models.map((m) => html`<option value=${'model:' + m}>${m}</option>`)}</optgroup>` : nothing}
      </select>
      ${busy === 'Generating' || busy === 'Continuing'
        ? html`<button class="btn primary" type="button" @click=${() => this.store.stop()}>Stop</button>`
        : html`<button class="btn primary" type="submit" ?disabled=${!!busy && !this.stepping}>Run</button>`}
    </form>`;
  }

  private choose(e: Event): void {
    const select = e.target as HTMLSelectElement;
    const value = select.value;
    select.value = '';
    if (value.startsWith('model:')) {
      this.go({ model: value.slice(6), l: -1, h: 0, q: -1, n: '', z: '' });
      void this.begin();
      return;
    }
    this.querySelector<HTMLInputElement>('#prompt input')!.value = value;
    this.typed = value;
    this.submit(e);
  }

  private corner() {
    const off = (!!this.store.busy && !this.stepping) || !this.store.causal || this.store.tokens.length === 0;
    return html`<button class="btn ic" title="One token back" aria-label="One token back" ?disabled=${off} @click=${() => void this.less()}>‹</button>
      <button class="btn ic" title="Generate one token" aria-label="Generate one token" ?disabled=${off} @click=${() => void this.more(1)}>›</button>
      <button class="btn ic many" title="Generate 16 tokens" aria-label="Generate 16 tokens" ?disabled=${off} @click=${() => void this.more(16)}>»</button>`;
  }

  private empty() {
    if (this.store.ended) return nothing;
    const { training } = this.store;
    if (training?.here && training.saved.length === 0) return html`<section class="card first"><div class="ph">No step is saved yet</div><p class="sub">The views of the model open as soon as the run has written its first checkpoint or snapshot. <a href="#/training" @click=${(e: Event) => { e.preventDefault(); this.go({ view: 'training' }); }}>Training</a> shows how far it is.</p></section>`;
    if (this.store.error) return html`<section class="card first" role="alert"><div class="ph">${this.store.facts ? 'This prompt cannot be read' : 'The model cannot be opened'}</div><p>${this.store.error}</p></section>`;
    return html`<section class="card first"><div class="ph">${this.store.busy || 'Opening the engine'}</div><p class="sub">${this.store.facts ? this.store.facts.name : 'The model is mapped into memory, not read.'}</p><div class="hatchbox waiting"></div></section>`;
  }

  private notice() {
    if (this.store.ended) return html`<div class="notice bad" role="alert">The connection to the engine has ended; this page tries to reach it again. If you have started it anew, open the address that it printed.</div>`;
    if (this.store.error && this.store.tokens.length > 0) return html`<div class="notice bad" role="alert">${this.store.error}<button class="btn" @click=${() => { this.store.error = ''; this.requestUpdate(); }}>Close</button></div>`;
    return nothing;
  }
}

customElements.define('cut-app', CutApp);
