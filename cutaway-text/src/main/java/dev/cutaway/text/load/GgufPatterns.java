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
            "\\s?[A-Za-z\\u00B5\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u01BA\\u01BC-\\u01BF\\u01C4-\\u0293\\u0295-\\u02AF"
                    + "\\u0370-\\u0373\\u0376\\u0377\\u037B-\\u037D\\u037F\\u0386\\u0388-\\u038A\\u038C\\u038E-\\u03A1\\u03A3-"
                    + "\\u03F5\\u03F7-\\u0481\\u048A-\\u052F\\u0531-\\u0556\\u10A0-\\u10C5\\u13A0-\\u13F5\\u13F8-\\u13FD\\u1C90-"
                    + "\\u1CBA\\u1CBD-\\u1CBF\\u1D00-\\u1D2B\\u1D6B-\\u1D77\\u1D79-\\u1D9A\\u1E00-\\u1F15\\u1F18-\\u1F1D\\u1F20-"
                    + "\\u1F45\\u1F48-\\u1F4D\\u1F50-\\u1F57\\u1F59\\u1F5B\\u1F5D\\u1F5F-\\u1F7D\\u1F80-\\u1FB4\\u1FB6-\\u1FBC"
                    + "\\u1FBE\\u1FC2-\\u1FC4\\u1FC6-\\u1FCC\\u1FD0-\\u1FD3\\u1FD6-\\u1FDB\\u1FE0-\\u1FEC\\u1FF2-\\u1FF4\\u1FF6-"
                    + "\\u1FFC\\u2102\\u2107\\u210A-\\u2113\\u2115\\u2119-\\u211D\\u2124\\u2126\\u2128\\u212A-\\u212D\\u212F-"
                    + "\\u2134\\u2139\\u213C-\\u213F\\u2145-\\u2149\\u214E\\u2183\\u2184\\u2C00-\\u2C7B\\u2C7E-\\u2CE4\\u2CEB-"
                    + "\\u2CEE\\u2CF2\\u2CF3\\uA640-\\uA66D\\uA680-\\uA69B\\uA722-\\uA76F\\uA771-\\uA787\\uA78B-\\uA78E\\uAB70-"
                    + "\\uABBF\\uFB00-\\uFB06\\uFB13-\\uFB17\\uFF21-\\uFF3A\\uFF41-\\uFF5A\\x{10400}-\\x{1044F}\\x{104B0}-"
                    + "\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-"
                    + "\\x{1E943}]+",
            "\\s?[!-/:-~\\uFF01-\\uFF0F\\uFF1A-\\uFF5E\\u2018-\\u201F\\u3000-\\u3002]+",
            "\\s+$",
            "[\\u4E00-\\u9FA5\\u0800-\\u4E00\\uAC00-\\uD7FF]+",
            "\\p{N}+"),
    DEEPSEEK_CODER(
            "deepseek-coder",
            "[\\r\\n]",
            "\\s?\\p{L}+",
            "\\s?\\p{P}+",
            "[\\u4E00-\\u9FA5\\u0800-\\u4E00\\uAC00-\\uD7FF]+",
            "\\p{N}"),
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
            "[\\uAC00-\\uD7A3\\u3131-\\u318E]+|[\\uFF01\\u2026\\u201C\\u201D\\u2018\\u2019\\u2014\\uFF1A\\uFF1B\\uFF0C\\u3001-\\u303F\\uFE30-\\uFE4F]+|[\\u3105-\\u312F]+|"
                    + Shared.KANA,
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
            "[\\u4E00-\\u9FFF\\u3400-\\u4DBF\\u8C48-\\uFAFF\\u3040-\\u309F\\u30A0-\\u30FF\\uFF65-\\uFF9F\\u2F00-\\u2FDF\\u0E40-\\u0E7F\\u0E80-\\u0EFF\\u1780-\\u17FF\\u1000-\\u109F\\uAA60-\\uAA7F\\uA9E0-\\uA9FF\\uAC00-\\uD7AF\\u1100-\\u11FF]+",
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
                + "\", an unknown pre-tokenizer; known are " + String.join(", ", known)
                + "; choose a file with one of these");
    }

    /** Patterns that several share. */
    private static final class Shared {
        static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
        static final String KANA = "[\\u4E00-\\u9FA5\\u3040-\\u309F\\u30A0-\\u30FF]+";
        static final String ASCII_MARK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~]";
        static final String DEEPSEEK3 = ASCII_MARK
                + "[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        static final String BLOOM = " ?[^(\\s|.,!?\\u2026\\u3002\\uFF0C\\u3001\\u0964\\u06D4\\u060C)]+";

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
