package dev.cutaway.text.load;

import dev.cutaway.tensor.BadInputException;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;

/**
 * The pre-tokenizers that {@code tokenizer.ggml.pre} names, as llama.cpp's {@code llama-vocab.cpp} (MIT licence) lists them: each
 * a sequence of patterns, every one of which cuts the pieces that the one before left. Where llama.cpp had to rewrite a
 * model's own pattern for its regular expressions, the model's own is used.
 */
@SuppressWarnings("ImmutableEnumChecker") // both lists are made by List.of
enum GgufPatterns {
    DEFAULT("default", "[\\p{P}\\$\\+<=>\\^~\\|]+", Shared.GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
    GPT2(
            "gpt-2 phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert jina-v1-en jina-v2-code"
                    + " roberta-bpe mpt olmo jais trillion granite-docling exaone4",
            Shared.GPT2),
    LLAMA3(
            "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano dbrx smaug-bpe chatglm-bpe glm4 glm5",
            Shared.modern("\\p{N}{1,3}")),
    QWEN2("qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2", Shared.modern("\\p{N}")),
    QWEN35(
            "qwen35",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    UFAKZEKA(
            "ufakzeka",
            "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    DIGITS_THEN_GPT2("starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", "\\p{N}", Shared.GPT2),
    DEEPSEEK_LLM(
            "deepseek-llm",
            "[\\r\\n]",
            "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼ"
                    + "ℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
            "\\s?[!-/:-~！-／：-～‘-‟　-。]+",
            "\\s+$",
            "[一-龥ࠀ-一가-퟿]+",
            "\\p{N}+"),
    DEEPSEEK_CODER("deepseek-coder", "[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"),
    DEEPSEEK3("deepseek-v3 hunyuan-dense joyai-llm hy_v4", "\\p{N}{1,3}", Shared.KANA, Shared.DEEPSEEK3),
    SPARK(
            "spark2_5",
            "\\p{N}{1,3}",
            Shared.KANA,
            Shared.ASCII_MARK
                    + "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+|[\\r\\n]|\\s+(?!\\S)|\\s+",
            "\\p{N}"),
    YOUTU(
            "youtu",
            "[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|" + Shared.KANA,
            Shared.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}")),
    FALCON("falcon", "[\\p{P}\\$\\+<=>\\^~\\|`]+", Shared.GPT2, "[0-9][0-9][0-9]"),
    BLOOM("poro-chat bloom gpt3-finnish", Shared.BLOOM),
    VIKING("viking", Shared.BLOOM, "\\p{N}"),
    TEKKEN("tekken", Shared.cased("", "\\p{N}")),
    GPT4O("gpt-4o llama4 kanana2 talkie minimax-m2", Shared.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}")),
    GRANITE_EMBEDDING("granite-embed-multi-97m", Shared.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}")),
    TINY_AYA(
            "tiny_aya cohere2moe",
            "\\d{1,3}(?=(?:\\d{3})*\\b)",
            Shared.cased("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "\\p{N}{1,3}")),
    CHAMELEON(
            "chameleon",
            "<sentinel:[0-9]+>",
            "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
            "([\\t\\n]|    |  )",
            "\\p{N}",
            "[\\p{P}!-/:-@\\[-`{-~]",
            Shared.GPT2),
    SUPERBPE("superbpe", "\\p{N}+", "(?=(\\d{3})+(?!\\d))"),
    BAILING(
            "bailingmoe bailingmoe2 llada-moe",
            "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"),
    SEED_CODER(
            "seed-coder",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    JAIS2(
            "jais-2",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
                    + "|\\s{512}(?!\\S)|\\s{256}(?!\\S)|\\s{128}(?!\\S)|\\s{64}(?!\\S)|\\s{32}(?!\\S)|\\s{16}(?!\\S)|\\s{8}(?!\\S)"
                    + "|\\s{4}(?!\\S)|\\s{1,2}(?!\\S)|\\s{1}"),
    EXAONE_MOE(
            "exaone-moe",
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"),
    LAGUNA("laguna", "[^\\n]+|[\\n]+", Shared.modern("\\p{N}")),
    MINICPM5("minicpm5", "\\p{N}{1,3}", Shared.modern("\\p{N}+")),
    KIMI(
            "kimi-k2",
            "[\\p{Han}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*"
                    + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]+"
                    + "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}&&[^\\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                    + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
    AFMOE(
            "afmoe",
            "(?<!\\p{N})\\p{N}{1,2}(?=(?:\\p{N}{3})+(?!\\p{N}))|\\p{N}{3}|\\p{N}+",
            "[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+",
            Shared.DEEPSEEK3),
    SPACED("gemma4 granite-embed-multi-311m sarvam-moe", "[^\\n]+|[\\n]+"),
    WHITESPACE("whitespace", "\\S+");

    private final List<String> names;
    private final List<String> patterns;

    GgufPatterns(String names, String... patterns) {
        this.names = List.of(names.split(" "));
        this.patterns = List.of(patterns);
    }

    /** The patterns, applied one after another. */
    List<String> patterns() {
        return patterns;
    }

    /** Whether the model sees the text's own letters with U+2581 for spaces, and not letters for bytes. */
    boolean spacesAsMarks() {
        return this == SPACED;
    }

    /** Whether a pre-token that is in the vocabulary is taken whole. */
    static boolean ignoresMerges(String name) {
        return IGNORE_MERGES.contains(name);
    }

    /** Whether a BOS token is added when the file does not say. */
    static boolean addsBos(String name) {
        return LLAMA3.names.subList(0, 9).contains(name) || name.equals("tekken") || name.equals("chameleon");
    }

    private static final List<String> IGNORE_MERGES = List.of(
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
            "jina-v5-nano",
            "minicpm5",
            "youtu",
            "glm4",
            "glm5",
            "tekken",
            "granite-embed-multi-97m");

    /**
     * The pre-tokenizer with this name.
     *
     * @throws BadInputException if there is none; the message lists the known ones
     */
    static GgufPatterns named(String name, String where) {
        for (GgufPatterns p : values()) {
            if (p.names.contains(name)) {
                return p;
            }
        }
        TreeSet<String> known = new TreeSet<>();
        Arrays.stream(values()).forEach(p -> known.addAll(p.names));
        throw new BadInputException(where + ": tokenizer.ggml.pre is \"" + name
                + "\", an unknown pre-tokenizer; known are " + String.join(", ", known));
    }

    /** Patterns that several share. */
    private static final class Shared {
        static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        static final String KANA = "[一-龥぀-ゟ゠-ヿ]+";
        static final String ASCII_MARK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]";
        static final String DEEPSEEK3 = ASCII_MARK
                + "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        static final String BLOOM = " ?[^(\\s|.,!?…。，、।۔،)]+";

        static String modern(String digits) {
            return "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" + digits
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        }

        static String cased(String contraction, String digits) {
            return "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                    + contraction
                    + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
                    + contraction
                    + "|" + digits + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        }
    }
}
