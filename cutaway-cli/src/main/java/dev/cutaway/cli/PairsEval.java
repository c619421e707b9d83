package dev.cutaway.cli;

import dev.cutaway.model.BeamOptions;
import dev.cutaway.model.Family;
import dev.cutaway.model.Generation;
import dev.cutaway.model.Model;
import dev.cutaway.model.Session;
import dev.cutaway.model.SessionOptions;
import dev.cutaway.model.Translations;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.tensor.Tensor;
import dev.cutaway.tensor.UsageException;
import dev.cutaway.text.Bleu;
import dev.cutaway.text.EncodeOptions;
import dev.cutaway.train.data.PairTexts;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Measures an encoder-decoder: BLEU of its translations, and the loss of the targets. */
final class PairsEval {
    /** Sources that are translated side by side: the memory of the weights is read once for all. */
    private static final int TOGETHER = 32;

    private final ModelOptions model;
    private final PairsArguments arguments;
    private final boolean json;
    private final boolean exact;

    PairsEval(ModelOptions model, PairsArguments arguments, boolean json, boolean exact) {
        this.model = model;
        this.arguments = arguments;
        this.json = json;
        this.exact = exact;
    }

    /** One source. */
    private record Item(int[] source, List<String> references) {}

    /** Sum over tokens. */
    private record Loss(double sum, long tokens) {}

    void run() {
        PairTexts pairs = arguments.read();
        pairs.complaints().forEach(c -> System.err.println("cutaway: " + c));
        try (Model opened = model.open(exact);
                Out out = new Out()) {
            if (opened.family() != Family.ENCODER_DECODER) {
                throw new UsageException(
                        "eval: " + opened + " is no encoder-decoder; --pairs measures translators such as T5");
            }
            List<Item> items = items(opened, pairs);
            opened.prepare();
            long start = System.nanoTime();
            List<int[]> answers = arguments.beams() > 1 ? searched(opened, items) : chosen(opened, items);
            double seconds = (System.nanoTime() - start) / 1e9;
            Bleu bleu = new Bleu();
            for (int i = 0; i < answers.size(); i++) {
                bleu.add(
                        opened.tokenizer().decode(answers.get(i), true),
                        items.get(i).references());
            }
            print(out, bleu.score(), loss(opened, items), items, seconds);
        }
    }

    private List<Item> items(Model opened, PairTexts pairs) {
        List<Item> items = new ArrayList<>();
        for (Map.Entry<String, List<String>> e : pairs.targets().entrySet()) {
            if (items.size() == arguments.limit()) {
                break;
            }
            items.add(new Item(
                    fitting(opened, opened.tokenizer().ids(arguments.prefix() + e.getKey(), EncodeOptions.TEXT)),
                    e.getValue()));
        }
        return items;
    }

    /** As many tokens as the model has positions, the last one kept. */
    private static int[] fitting(Model opened, int[] ids) {
        int most = opened.sizes().context();
        if (!opened.sizes().learnedPositions() || ids.length <= most) {
            return ids;
        }
        int[] cut = Arrays.copyOf(ids, most);
        cut[most - 1] = ids[ids.length - 1];
        return cut;
    }

    private static int maxTokens(Model opened) {
        return new SamplingArguments().options(opened, true).maxTokens();
    }

    private List<int[]> chosen(Model opened, List<Item> items) {
        int[] done = new int[1];
        try (Translations t = new Translations(opened, Math.min(TOGETHER, items.size()), maxTokens(opened));
                Progress progress = new Progress("translate", items.size())) {
            return t.answer(items.stream().map(Item::source).toList(), _ -> progress.at(++done[0]));
        }
    }

    private List<int[]> searched(Model opened, List<Item> items) {
        BeamOptions options = new SamplingArguments().beams(opened, arguments.beams(), null);
        Set<Integer> ends = opened.endTokens();
        List<int[]> answers = new ArrayList<>();
        try (Session session = opened.session(SessionOptions.defaults().withRecording(false));
                Progress progress = new Progress("translate", items.size())) {
            for (Item item : items) {
                session.source(item.source());
                Generation g = session.generate(new int[] {opened.decoderStart()}, options);
                answers.add(g.tokens().stream()
                        .mapToInt(Generation.Token::id)
                        .filter(id -> !ends.contains(id))
                        .toArray());
                progress.at(answers.size());
            }
        }
        return answers;
    }

    private static Loss loss(Model opened, List<Item> items) {
        double sum = 0;
        long tokens = 0;
        int end = opened.tokenizer()
                .special()
                .eos()
                .orElseThrow(() -> new BadInputException(
                        opened + ": the tokenizer has no end token (eos_token), which every target ends with"));
        try (Session session = opened.session(SessionOptions.defaults().withRecording(false));
                Progress progress = new Progress("loss", items.size())) {
            for (int i = 0; i < items.size(); i++) {
                session.source(items.get(i).source());
                for (String reference : items.get(i).references()) {
                    int[] target = fitting(opened, ended(opened.tokenizer().ids(reference, EncodeOptions.TEXT), end));
                    session.truncate(0);
                    sum += loss(session, target);
                    tokens += target.length;
                }
                progress.at(i + 1);
            }
        }
        return new Loss(sum, tokens);
    }

    private static int[] ended(int[] ids, int end) {
        if (ids.length > 0 && ids[ids.length - 1] == end) {
            return ids;
        }
        int[] with = Arrays.copyOf(ids, ids.length + 1);
        with[ids.length] = end;
        return with;
    }

    /** The sum of the losses of a target's tokens, each predicted from those before it. */
    private static double loss(Session session, int[] target) {
        int[] given = new int[target.length];
        given[0] = session.model().decoderStart();
        System.arraycopy(target, 0, given, 1, target.length - 1);
        Tensor logits = session.appendAll(given); // [row, token]
        float[] row = new float[(int) logits.dim(1)];
        double sum = 0;
        for (int i = 0; i < target.length; i++) {
            MemorySegment.copy(logits.data(), ValueLayout.JAVA_FLOAT, 4L * i * row.length, row, 0, row.length);
            sum += Losses.logSum(row) - row[target[i]];
        }
        return sum;
    }

    private void print(Out out, Bleu.Score score, Loss loss, List<Item> items, double seconds) {
        double mean = loss.sum() / loss.tokens();
        int references = items.stream().mapToInt(i -> i.references().size()).sum();
        double perSecond = items.size() / seconds;
        if (json) {
            out.line(Json.of(Json.object(
                    "bleu",
                    score.bleu(),
                    "precisions",
                    score.precisions(),
                    "brevity_penalty",
                    score.brevityPenalty(),
                    "sentences",
                    items.size(),
                    "references",
                    references,
                    "loss",
                    mean,
                    "target_tokens",
                    loss.tokens(),
                    "beams",
                    arguments.beams(),
                    "sentences_per_s",
                    perSecond)));
            return;
        }
        List<Double> p = score.precisions();
        out.text(String.format(
                Locale.ROOT,
                "BLEU         %.2f (precisions %.1f %.1f %.1f %.1f, brevity penalty %.3f)%n",
                score.bleu(),
                p.get(0),
                p.get(1),
                p.get(2),
                p.get(3),
                score.brevityPenalty()));
        out.text(String.format(
                Locale.ROOT,
                "sentences    %d, with %d references%nloss         %.4f over %d tokens%nsentences/s  %.1f%n",
                items.size(),
                references,
                mean,
                loss.tokens(),
                perSecond));
    }
}
