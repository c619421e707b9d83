package dev.cutaway.text.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cutaway.tensor.BadInputException;
import dev.cutaway.text.load.TokenizerJson;
import dev.cutaway.text.pipeline.Pipeline;
import dev.cutaway.text.subword.ByteAlphabet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** One training: counts words, learns the vocabulary, writes the file. */
final class Training {
    private final TokenizerTrainer trainer;
    private final VocabularyOptions options;
    private final Workers workers;
    private final TokenizerProgress progress;

    Training(TokenizerTrainer trainer, Workers workers, TokenizerProgress progress) {
        this.trainer = trainer;
        this.options = trainer.vocabulary();
        this.workers = workers;
        this.progress = progress;
    }

    TrainedTokenizer run(Iterator<String> texts) {
        Frame frame = Frame.of(trainer);
        Words words = workers.count(texts, counters(frame), progress);
        if (words.size() == 0) {
            throw new BadInputException("tokenizer training: the texts have no words; give some text");
        }
        ObjectNode model = switch (trainer) {
            case BpeTrainer t -> bpe(words, t);
            case WordPieceTrainer t -> wordPiece(words, t);
            case UnigramTrainer t -> unigram(words, t);
            case SentencePieceBpeTrainer t -> sentencePieceBpe(words, t);
            case WordsTrainer t -> TokenizerFile.wordLevel(byFrequency(words), options.unknown());
            case CharactersTrainer t -> TokenizerFile.wordLevel(byCodePoint(words), options.unknown());
        };
        return new TrainedTokenizer(TokenizerFile.write(frame, options, model), TokenizerFile.config(options));
    }

    /** Counters whose steps are read from the file's own parts. */
    static Supplier<WordCounter> counters(Frame frame) {
        ObjectNode empty = TokenizerFile.wordLevel(List.of(), Optional.empty());
        Frame steps = new Frame(frame.normalizer(), frame.preTokenizer(), Optional.empty(), frame.cutsAtSpaces());
        VocabularyOptions nothing =
                new VocabularyOptions(1, 0, List.of(), Optional.empty(), Optional.empty(), Optional.empty());
        Pipeline pipeline = TokenizerJson.parse(TokenizerFile.write(steps, nothing, empty), "tokenizer training");
        return () -> new WordCounter(pipeline.normaliser(), pipeline.preTokenizer(), frame.cutsAtSpaces());
    }

    private ObjectNode bpe(Words words, BpeTrainer t) {
        Set<Integer> alphabet = t.allBytes()
                ? IntStream.range(0, 256)
                        .mapToObj(b -> (int) ByteAlphabet.letter(b))
                        .collect(Collectors.toSet())
                : Set.of();
        MergeLearner.Learnt learnt = merges(
                words, alphabet, Integer.MAX_VALUE, "", t.maxTokenLength().orElse(Integer.MAX_VALUE));
        return TokenizerFile.bpe(learnt.tokens(), learnt.merges(), options.unknown());
    }

    private ObjectNode sentencePieceBpe(Words words, SentencePieceBpeTrainer t) {
        MergeLearner.Learnt learnt = merges(
                words, Set.of(), t.limitAlphabet(), "", t.maxTokenLength().orElse(Integer.MAX_VALUE));
        return TokenizerFile.bpe(learnt.tokens(), learnt.merges(), options.unknown());
    }

    private ObjectNode wordPiece(Words words, WordPieceTrainer t) {
        MergeLearner.Learnt learnt = merges(words, Set.of(), t.limitAlphabet(), "##", Integer.MAX_VALUE);
        return TokenizerFile.wordPiece(learnt.tokens(), options.unknown().orElseThrow());
    }

    private MergeLearner.Learnt merges(
            Words words, Set<Integer> alphabet, int mostCharacters, String prefix, int longest) {
        MergeLearner.Options settings = new MergeLearner.Options(
                options.size(), options.minFrequency(), options.special(), alphabet, mostCharacters, prefix, longest);
        return new MergeLearner(words, settings, progress).learn();
    }

    private ObjectNode unigram(Words words, UnigramTrainer t) {
        int size = options.size() - options.special().size();
        UnigramLearner.Options settings = new UnigramLearner.Options(
                size, options.size(), t.seedSize(), t.maxPieceLength(), t.shrinkingFactor(), t.subIterations());
        List<UnigramLearner.Scored> pieces = new UnigramLearner(words, settings, workers, progress).learn();
        int unknown = options.special().indexOf(options.unknown().orElseThrow());
        return TokenizerFile.unigram(options.special(), pieces, unknown);
    }

    private List<String> byFrequency(Words words) {
        Set<String> tokens = new LinkedHashSet<>(options.special());
        IntStream.range(0, words.size())
                .filter(i -> words.counts()[i] >= options.minFrequency())
                .boxed()
                .sorted(Comparator.<Integer>comparingLong(i -> -words.counts()[i])
                        .thenComparing(i -> words.texts()[i], Training::byCodePoints))
                .forEach(i -> tokens.add(words.texts()[i]));
        return tokens.stream().limit(options.size()).toList();
    }

    /** As bytes of UTF-8 compare, which differs from Java's own order above the basic plane. */
    private static int byCodePoints(String a, String b) {
        int[] left = a.codePoints().toArray();
        int[] right = b.codePoints().toArray();
        return Arrays.compare(left, right);
    }

    private List<String> byCodePoint(Words words) {
        Map<Integer, String> characters = new TreeMap<>();
        for (String word : words.texts()) {
            word.codePoints().forEach(c -> characters.computeIfAbsent(c, Character::toString));
        }
        List<String> tokens = new ArrayList<>(options.special());
        Set<String> known = new HashSet<>(tokens);
        characters.values().stream().filter(known::add).forEach(tokens::add);
        return tokens;
    }
}
