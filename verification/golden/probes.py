"""Reads the inside of transformers' models under the probe names of Cutaway (those of TransformerLens).

Everything comes from forward hooks and from a wrapper around each model's own `eager_attention_forward`; no model is written
again here. Derived by formula are only: a norm's scale and centred input (checked against the module's own
output), and the result of each head (its part of the output projection, checked against the whole).
"""

import sys
from contextlib import contextmanager

import torch


TOLERANCE = 1e-9  # of the checks on derived values; check.py, which runs in float32, sets another


class Recorder:
    def __init__(self):
        self.values = {}
        self.attention = {}  # attention module -> probe prefix
        self.rotary = set()
        self.arranged = {}  # attention module -> what is made of scores, pattern and z before they are kept
        self.handles = []

    def keep(self, name, tensor):
        if name in self.values:
            raise RuntimeError(f"{name} was seen twice; run the model once per recorder")
        self.values[name] = tensor.detach().clone()

    # ---- hooks

    def before(self, module, action):
        def hook(_, args, kwargs):
            action(args[0] if args else kwargs["hidden_states"])

        self.handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def after(self, module, action):
        def hook(_, args, output):
            action(output[0] if isinstance(output, tuple) else output)

        self.handles.append(module.register_forward_hook(hook))

    def input(self, module, name):
        self.before(module, lambda x: self.keep(name, x))

    def output(self, module, name):
        self.after(module, lambda x: self.keep(name, x))

    def norm(self, module, prefix):
        """hook_scale [batch, position, 1] and hook_normalized [batch, position, width] of a LayerNorm or RMSNorm."""

        def hook(_, args, output):
            x = args[0]
            centred = isinstance(module, torch.nn.LayerNorm)
            eps = module.variance_epsilon if hasattr(module, "variance_epsilon") else module.eps
            if centred:
                x = x - x.mean(-1, keepdim=True)
            scale = (x.pow(2).mean(-1, keepdim=True) + eps).sqrt()
            normalized = x / scale
            gain = 1 + module.weight if type(module).__name__.startswith("Gemma") else module.weight
            whole = normalized * gain + (module.bias if centred else 0)
            same(whole, output, f"{prefix} against its module")
            self.keep(prefix + "hook_scale", scale)
            self.keep(prefix + "hook_normalized", normalized)

        self.handles.append(module.register_forward_hook(hook))

    def heads(self, module, name, head_size):
        self.after(module, lambda x: self.keep(name, x.unflatten(-1, (-1, head_size))))

    def result(self, module, prefix, head_size):
        """hook_result [batch, position, head, width]: what each head writes, bias not among it."""

        def hook(_, args, output):
            z = args[0].unflatten(-1, (-1, head_size))
            conv = type(module).__name__ == "Conv1D"
            weight = module.weight if conv else module.weight.T  # [head * head size, width]
            result = torch.einsum("bphe,hew->bphw", z, weight.unflatten(0, (-1, head_size)))
            bias = module.bias if module.bias is not None else 0
            same(result.sum(2) + bias, output, f"{prefix} heads against their sum")
            self.keep(prefix + "hook_result", result)

        self.handles.append(module.register_forward_hook(hook))

    def attend(self, module, prefix, rotary):
        self.attention[module] = prefix
        if rotary:
            self.rotary.add(module)

    @contextmanager
    def running(self):
        """Records what happens inside attention while a model runs in this block."""
        restore = []
        for home in {type(m).__module__ for m in self.attention}:
            home = sys.modules[home]
            restore.append((home, home.eager_attention_forward))
            home.eager_attention_forward = self._recording(home.eager_attention_forward)
        try:
            with torch.no_grad():
                yield self
        finally:
            for home, original in restore:
                home.eager_attention_forward = original
            for handle in self.handles:
                handle.remove()

    def _recording(self, original):
        def forward(module, query, key, value, mask, *args, **kwargs):
            prefix, softmax = self.attention[module], torch.nn.functional.softmax
            arranged = self.arranged.get(module, lambda _, x: x)

            def seen(scores, **options):
                pattern = softmax(scores, **options)
                self.keep(prefix + "hook_attn_scores", arranged("scores", scores))
                self.keep(prefix + "hook_pattern", arranged("pattern", pattern))
                return pattern

            torch.nn.functional.softmax = seen
            try:
                z, pattern = original(module, query, key, value, mask, *args, **kwargs)
            finally:
                torch.nn.functional.softmax = softmax
            if module in self.rotary:
                self.keep(prefix + "hook_rot_q", query.transpose(1, 2))
                self.keep(prefix + "hook_rot_k", key.transpose(1, 2))
            self.keep(prefix + "hook_z", arranged("z", z))
            return z, pattern

        return forward


def same(a, b, what):
    difference = (a - b).abs().max().item() / (1 + b.abs().max().item())
    if not difference < TOLERANCE:
        raise AssertionError(f"{what}: differs by {difference}")


# ---- where the parts are, per family ------------------------------------------------------------------------------


def watch_llama_like(r, model):
    """llama, mistral, qwen2, qwen3, gemma2, gemma3_text, phi3, olmo2."""
    body, config = model.model, model.config
    r.output(body.embed_tokens, "hook_embed")
    for i, block in enumerate(body.layers):
        p, a, m = f"blocks.{i}.", block.self_attn, block.mlp
        size = a.head_dim
        r.input(block, p + "hook_resid_pre")
        r.output(block, p + "hook_resid_post")
        r.attend(a, p + "attn.", True)
        post_attention = post_mlp = None
        if hasattr(block, "pre_feedforward_layernorm"):  # gemma: before and after each branch
            ln1, ln2 = block.input_layernorm, block.pre_feedforward_layernorm
            post_attention, post_mlp = block.post_attention_layernorm, block.post_feedforward_layernorm
        elif hasattr(block, "post_feedforward_layernorm"):  # olmo2: after each branch only
            ln1 = ln2 = None
            post_attention, post_mlp = block.post_attention_layernorm, block.post_feedforward_layernorm
        else:
            ln1, ln2 = block.input_layernorm, block.post_attention_layernorm
        for norm, name in ((ln1, "ln1."), (ln2, "ln2."), (post_attention, "ln1_post."), (post_mlp, "ln2_post.")):
            if norm is not None:
                r.norm(norm, p + name)
        if hasattr(a, "qkv_proj"):
            sizes = [config.num_attention_heads * size] + [config.num_key_value_heads * size] * 2

            def fused(x, p=p, sizes=sizes, size=size):
                for name, part in zip("qkv", x.split(sizes, -1)):
                    r.keep(f"{p}attn.hook_{name}", part.unflatten(-1, (-1, size)))

            r.after(a.qkv_proj, fused)
        else:
            for name in "qkv":
                r.heads(getattr(a, f"{name}_proj"), f"{p}attn.hook_{name}", size)
        r.result(a.o_proj, p + "attn.", size)
        r.output(post_attention or a.o_proj, p + "hook_attn_out")
        r.input(ln2 or m, p + "hook_resid_mid")
        if hasattr(m, "gate_up_proj"):

            def gates(x, p=p):
                gate, up = x.chunk(2, -1)
                r.keep(p + "mlp.hook_pre", gate)
                r.keep(p + "mlp.hook_pre_linear", up)

            r.after(m.gate_up_proj, gates)
        else:
            r.output(m.gate_proj, p + "mlp.hook_pre")
            r.output(m.up_proj, p + "mlp.hook_pre_linear")
        r.input(m.down_proj, p + "mlp.hook_post")
        r.output(post_mlp or m.down_proj, p + "hook_mlp_out")
    r.norm(body.norm, "ln_final.")


def watch_gpt2(r, model):
    body = model.transformer
    size = model.config.n_embd // model.config.n_head
    r.output(body.wte, "hook_embed")
    r.output(body.wpe, "hook_pos_embed")
    for i, block in enumerate(body.h):
        p = f"blocks.{i}."
        r.input(block, p + "hook_resid_pre")
        r.output(block, p + "hook_resid_post")
        r.norm(block.ln_1, p + "ln1.")
        r.norm(block.ln_2, p + "ln2.")

        def fused(x, p=p):
            for name, part in zip("qkv", x.chunk(3, -1)):
                r.keep(f"{p}attn.hook_{name}", part.unflatten(-1, (-1, size)))

        r.after(block.attn.c_attn, fused)
        r.attend(block.attn, p + "attn.", False)
        r.result(block.attn.c_proj, p + "attn.", size)
        r.output(block.attn.c_proj, p + "hook_attn_out")
        r.input(block.ln_2, p + "hook_resid_mid")
        r.output(block.mlp.c_fc, p + "mlp.hook_pre")
        r.input(block.mlp.c_proj, p + "mlp.hook_post")
        r.output(block.mlp.c_proj, p + "hook_mlp_out")
    r.norm(body.ln_f, "ln_final.")


def watch_gpt_neo(r, model):
    body = model.transformer
    size = model.config.hidden_size // model.config.num_heads
    r.output(body.wte, "hook_embed")
    r.output(body.wpe, "hook_pos_embed")
    for i, block in enumerate(body.h):
        p = f"blocks.{i}."
        r.input(block, p + "hook_resid_pre")
        r.output(block, p + "hook_resid_post")
        r.norm(block.ln_1, p + "ln1.")
        r.norm(block.ln_2, p + "ln2.")
        attention = block.attn.attention
        for name in "qkv":
            r.heads(getattr(attention, name + "_proj"), f"{p}attn.hook_{name}", size)
        r.output(attention.attn_dropout, p + "attn.hook_pattern")
        r.before(attention.out_proj, lambda z, p=p: r.keep(p + "attn.hook_z", z.unflatten(-1, (-1, size))))
        r.result(attention.out_proj, p + "attn.", size)
        r.output(attention.out_proj, p + "hook_attn_out")
        r.input(block.ln_2, p + "hook_resid_mid")
        r.output(block.mlp.c_fc, p + "mlp.hook_pre")
        r.input(block.mlp.c_proj, p + "mlp.hook_post")
        r.output(block.mlp.c_proj, p + "hook_mlp_out")
    r.norm(body.ln_f, "ln_final.")


def watch_gpt_neox(r, model):
    body, config = model.gpt_neox, model.config
    size = config.hidden_size // config.num_attention_heads
    r.output(body.embed_in, "hook_embed")
    for i, block in enumerate(body.layers):
        p = f"blocks.{i}."
        r.input(block, p + "hook_resid_pre")
        r.output(block, p + "hook_resid_post")
        r.norm(block.input_layernorm, p + "ln1.")
        r.norm(block.post_attention_layernorm, p + "ln2.")

        def fused(x, p=p):  # interleaved by head: q, k, v of head 0, then of head 1 ...
            for name, part in zip("qkv", x.unflatten(-1, (-1, 3 * size)).chunk(3, -1)):
                r.keep(f"{p}attn.hook_{name}", part)

        r.after(block.attention.query_key_value, fused)
        r.attend(block.attention, p + "attn.", True)
        r.result(block.attention.dense, p + "attn.", size)
        r.output(block.attention.dense, p + "hook_attn_out")
        if not config.use_parallel_residual:
            r.input(block.post_attention_layernorm, p + "hook_resid_mid")
        r.output(block.mlp.dense_h_to_4h, p + "mlp.hook_pre")
        r.input(block.mlp.dense_4h_to_h, p + "mlp.hook_post")
        r.output(block.mlp.dense_4h_to_h, p + "hook_mlp_out")
    r.norm(body.final_layer_norm, "ln_final.")


def watch_bert(r, model):
    body = model.bert if hasattr(model, "bert") else model
    size = model.config.hidden_size // model.config.num_attention_heads
    r.output(body.embeddings.word_embeddings, "hook_embed")
    r.output(body.embeddings.position_embeddings, "hook_pos_embed")
    r.output(body.embeddings.token_type_embeddings, "hook_token_type_embed")
    for i, block in enumerate(body.encoder.layer):
        p, a = f"blocks.{i}.", block.attention
        r.input(block, p + "hook_resid_pre")
        for name, part in (("q", a.self.query), ("k", a.self.key), ("v", a.self.value)):
            r.heads(part, f"{p}attn.hook_{name}", size)
        r.attend(a.self, p + "attn.", False)
        r.result(a.output.dense, p + "attn.", size)
        r.output(a.output.dense, p + "hook_attn_out")
        r.input(a.output.LayerNorm, p + "hook_resid_mid")
        r.norm(a.output.LayerNorm, p + "ln1.")
        r.output(block.intermediate.dense, p + "mlp.hook_pre")
        r.input(block.output.dense, p + "mlp.hook_post")
        r.output(block.output.dense, p + "hook_mlp_out")
        r.input(block.output.LayerNorm, p + "hook_resid_post")
        r.norm(block.output.LayerNorm, p + "ln2.")
        r.output(block, p + "hook_normalized_resid_post")


def watch_t5(r, model):
    size = model.config.d_kv

    def attention(p, a, out):
        for name in "qkv":
            r.heads(getattr(a, name), f"{p}hook_{name}", size)
        r.attend(a, p, False)
        r.result(a.o, p, size)
        r.output(a.o, out)

    for stack, prefix in ((model.encoder, "encoder."), (model.decoder, "decoder.")):
        r.output(stack.embed_tokens, prefix + "hook_embed")
        for i, block in enumerate(stack.block):
            p, layers, feed = f"{prefix}blocks.{i}.", block.layer, block.layer[-1]
            r.input(block, p + "hook_resid_pre")
            r.output(block, p + "hook_resid_post")
            r.norm(layers[0].layer_norm, p + "ln1.")
            attention(p + "attn.", layers[0].SelfAttention, p + "hook_attn_out")
            r.input(layers[1].layer_norm, p + "hook_resid_mid")
            r.norm(layers[1].layer_norm, p + "ln2.")
            if len(layers) == 3:
                attention(p + "cross_attn.", layers[1].EncDecAttention, p + "hook_cross_attn_out")
                r.input(layers[2].layer_norm, p + "hook_resid_mid_cross")
                r.norm(layers[2].layer_norm, p + "ln3.")
            m = feed.DenseReluDense
            if hasattr(m, "wi_0"):
                r.output(m.wi_0, p + "mlp.hook_pre")
                r.output(m.wi_1, p + "mlp.hook_pre_linear")
            else:
                r.output(m.wi, p + "mlp.hook_pre")
            r.input(m.wo, p + "mlp.hook_post")
            r.output(m.wo, p + "hook_mlp_out")
        r.norm(stack.final_layer_norm, prefix + "ln_final.")


def watch_marian(r, model):
    for stack, prefix in ((model.model.encoder, "encoder."), (model.model.decoder, "decoder.")):
        scale = stack.embed_scale
        r.after(stack.embed_tokens, lambda x, prefix=prefix, scale=scale: r.keep(prefix + "hook_embed", x * scale))
        r.output(stack.embed_positions, prefix + "hook_pos_embed")
        for i, block in enumerate(stack.layers):
            p, cross = f"{prefix}blocks.{i}.", hasattr(block, "encoder_attn")

            def attention(p, a, out):
                for name in "qkv":
                    r.heads(getattr(a, f"{name}_proj"), f"{p}hook_{name}", a.head_dim)
                r.attend(a, p, False)
                r.result(a.out_proj, p, a.head_dim)
                r.output(a.out_proj, out)

            r.input(block, p + "hook_resid_pre")
            attention(p + "attn.", block.self_attn, p + "hook_attn_out")
            r.input(block.self_attn_layer_norm, p + "hook_resid_mid")
            r.norm(block.self_attn_layer_norm, p + "ln1.")
            if cross:
                attention(p + "cross_attn.", block.encoder_attn, p + "hook_cross_attn_out")
                r.input(block.encoder_attn_layer_norm, p + "hook_resid_mid_cross")
                r.norm(block.encoder_attn_layer_norm, p + "ln2.")
            r.output(block.fc1, p + "mlp.hook_pre")
            r.input(block.fc2, p + "mlp.hook_post")
            r.output(block.fc2, p + "hook_mlp_out")
            r.input(block.final_layer_norm, p + "hook_resid_post")
            r.norm(block.final_layer_norm, p + ("ln3." if cross else "ln2."))
            r.output(block, p + "hook_normalized_resid_post")


def watch_vit(r, model):
    body = next((getattr(model, name) for name in ("vit", "deit") if hasattr(model, name)), model)
    embeddings = body.embeddings

    def embed(patches):  # the class token stands first
        first = embeddings.cls_token.expand(patches.shape[0], -1, -1)
        if hasattr(embeddings, "distillation_token"):
            first = torch.cat((first, embeddings.distillation_token.expand(patches.shape[0], -1, -1)), 1)
        r.keep("hook_embed", torch.cat((first, patches), 1))
        r.keep("hook_pos_embed", embeddings.position_embeddings.expand(patches.shape[0], -1, -1))

    r.after(embeddings.patch_embeddings, embed)
    for i, block in enumerate(body.layers):
        p, a = f"blocks.{i}.", block.attention
        r.input(block, p + "hook_resid_pre")
        r.output(block, p + "hook_resid_post")
        r.norm(block.layernorm_before, p + "ln1.")
        r.norm(block.layernorm_after, p + "ln2.")
        for name in "qkv":
            r.heads(getattr(a, f"{name}_proj"), f"{p}attn.hook_{name}", a.head_dim)
        r.attend(a, p + "attn.", False)
        r.result(a.o_proj, p + "attn.", a.head_dim)
        r.output(a.o_proj, p + "hook_attn_out")
        r.input(block.layernorm_after, p + "hook_resid_mid")
        r.output(block.mlp.fc1, p + "mlp.hook_pre")
        r.input(block.mlp.fc2, p + "mlp.hook_post")
        r.output(block.mlp.fc2, p + "hook_mlp_out")
    r.norm(body.layernorm, "ln_final.")


def watch_swin(r, model):
    """Queries, keys and values are kept for the rows of the (padded) grid, what attention writes for those of the grid, patterns by window."""
    from transformers.models.swin.modeling_swin import window_reverse

    body, size = model.swin, model.config.window_size
    r.norm(body.embeddings.norm, "ln_embed.")
    r.output(body.embeddings.norm, "hook_embed")
    height, width = body.embeddings.patch_grid
    for s, stage in enumerate(body.encoder.layers):
        high, wide = -(-height // size) * size, -(-width // size) * size
        for i, block in enumerate(stage.blocks):
            p, a = f"stages.{s}.blocks.{i}.", block.attention

            def grid(x, block=block, high=high, wide=wide):  # [batch * window, place, ...] to [batch, y, x, ...]
                rest = x.shape[2:]
                whole = window_reverse(x.reshape(-1, size, size, rest.numel()), size, high, wide)
                return block.cyclic_shift(whole, reverse=True).unflatten(-1, rest)

            def rows(x, grid=grid, height=height, width=width):
                return grid(x)[:, :height, :width].flatten(1, 2)

            def arranged(what, x, rows=rows, count=high * wide // size**2):
                return rows(x) if what == "z" else x.unflatten(0, (-1, count))

            r.input(block, p + "hook_resid_pre")
            r.output(block, p + "hook_resid_post")
            r.norm(block.layernorm_before, p + "ln1.")
            r.norm(block.layernorm_after, p + "ln2.")
            for name in "qkv":
                r.after(
                    getattr(a, f"{name}_proj"),
                    lambda x, name=name, p=p, a=a, grid=grid: r.keep(
                        f"{p}attn.hook_{name}", grid(x).flatten(1, 2).unflatten(-1, (-1, a.head_dim))))
            r.attend(a, p + "attn.", False)
            r.arranged[a] = arranged

            def written(module, args, output, p=p, a=a, rows=rows):
                z = args[0].unflatten(-1, (-1, a.head_dim))
                result = torch.einsum("bphe,hew->bphw", z, module.weight.T.unflatten(0, (-1, a.head_dim)))
                same(result.sum(2) + module.bias, output, f"{p} heads against their sum")
                r.keep(p + "attn.hook_result", rows(result))
                r.keep(p + "hook_attn_out", rows(output))

            r.handles.append(a.o_proj.register_forward_hook(written))
            r.input(block.layernorm_after, p + "hook_resid_mid")
            r.output(block.mlp.fc1, p + "mlp.hook_pre")
            r.input(block.mlp.fc2, p + "mlp.hook_post")
            r.output(block.mlp.fc2, p + "hook_mlp_out")
        if stage.downsample is not None:
            r.norm(stage.downsample.norm, f"stages.{s}.downsample.ln.")
            r.output(stage.downsample, f"stages.{s}.downsample.hook_out")
            height, width = (height + 1) // 2, (width + 1) // 2
    r.norm(body.layernorm, "ln_final.")


def watch_convnext(r, model):
    body = model.convnext

    def rows(x):  # [batch, channel, y, x] to [batch, position, channel]
        return x.flatten(2).transpose(1, 2)

    def keep(module, name):
        r.after(module, lambda x: r.keep(name, rows(x)))

    keep(body.embeddings.layernorm, "hook_embed")
    for s, stage in enumerate(body.encoder.stages):
        if len(stage.downsampling_layer):
            keep(stage.downsampling_layer[1], f"stages.{s}.downsample.hook_out")
        for i, block in enumerate(stage.layers):
            p = f"stages.{s}.blocks.{i}."
            r.handles.append(block.register_forward_pre_hook(
                lambda _, args, kwargs, p=p: r.keep(p + "hook_resid_pre", rows(args[0] if args else kwargs["features"])), with_kwargs=True))
            keep(block, p + "hook_resid_post")
            keep(block.dwconv, p + "hook_conv_out")
            for module, name in ((block.pwconv1, "hook_pre"), (block.act, "hook_post")):
                r.after(module, lambda x, name=name, p=p: r.keep(p + "mlp." + name, x.flatten(1, 2)))
            r.after(block.pwconv2, lambda x, p=p, b=block: r.keep(p + "hook_mlp_out", (b.layer_scale_parameter * x).flatten(1, 2)))
    r.norm(body.layernorm, "ln_final.")


WATCH = {"gpt2": watch_gpt2, "gpt_neo": watch_gpt_neo, "gpt_neox": watch_gpt_neox, "bert": watch_bert, "t5": watch_t5, "marian": watch_marian, "vit": watch_vit,
         "deit": watch_vit, "swin": watch_swin, "convnext": watch_convnext}


def watch(model):
    recorder = Recorder()
    WATCH.get(model.config.model_type, watch_llama_like)(recorder, model)
    return recorder
