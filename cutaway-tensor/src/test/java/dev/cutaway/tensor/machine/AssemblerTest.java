package dev.cutaway.tensor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Assembler.Relation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Every instruction in forms that need different prefixes and addresses, byte for byte as the GNU assembler encodes it. The
 * expected bytes are made by verification/machine/assemble.sh from the texts.
 */
class AssemblerTest {
    private static final List<Mem> PLACES = List.of(
            Mem.at(Gp.RDI),
            Mem.at(Gp.RSP, 32),
            Mem.at(Gp.RBP),
            Mem.at(Gp.R13),
            Mem.at(Gp.R12, -128),
            Mem.at(Gp.R12, 128),
            Mem.at(Gp.RAX, Gp.R9, 1, 0),
            Mem.at(Gp.R13, Gp.RCX, 2, 0),
            Mem.at(Gp.R8, Gp.R15, 4, 1000),
            Mem.at(Gp.RSP, Gp.RBP, 8, -4));

    private final Map<String, byte[]> made = new LinkedHashMap<>();

    private void put(String text, Consumer<Assembler> emit) {
        Assembler a = new Assembler();
        emit.accept(a);
        int size = a.size();
        made.put(text, Arrays.copyOf(a.finish(), size));
    }

    private static String name(Enum<?> register) {
        return register instanceof Ymm y ? "ymm" + y.number() : register.name().toLowerCase(Locale.ROOT);
    }

    /** The name of a register's lower half. */
    private static String low(Gp register) {
        return register.number() > 7
                ? name(register) + "d"
                : "e" + name(register).substring(1);
    }

    private static String xmm(Ymm y) {
        return "xmm" + y.number();
    }

    private static String place(String size, Mem m) {
        String index = m.index().map(i -> "+" + name(i) + "*" + m.scale()).orElse("");
        String d = m.displacement() == 0 ? "" : (m.displacement() > 0 ? "+" : "") + m.displacement();
        return size + " ptr [" + name(m.base()) + index + d + "]";
    }

    private static String mnemonic(Op op) {
        return switch (op) {
            case PADD -> "vpaddd";
            case PSUB -> "vpsubd";
            case PAND -> "vpand";
            case POR -> "vpor";
            case PXOR -> "vpxor";
            case PMAX -> "vpmaxsd";
            case PSUB_WORDS -> "vpsubw";
            case PMADD -> "vpmaddwd";
            case PACK -> "vpackssdw";
            case PSHUFFLE -> "vpshufb";
            case ADD_DOUBLES -> "vaddpd";
            case MUL_DOUBLES -> "vmulpd";
            case FMA231 -> "vfmadd231ps";
            case FMA213 -> "vfmadd213ps";
            case AND_NOT -> "vandnps";
            case UNPACK_LOW -> "vunpcklps";
            case UNPACK_HIGH -> "vunpckhps";
            default -> "v" + op.name().toLowerCase(Locale.ROOT) + "ps";
        };
    }

    private void vectors() {
        int[][] triples = {{0, 1, 2}, {7, 8, 3}, {8, 0, 7}, {1, 15, 12}, {15, 14, 13}, {3, 2, 9}};
        for (Op op : Op.values()) {
            for (int[] t : triples) {
                Ymm x = Ymm.of(t[0]);
                Ymm y = Ymm.of(t[1]);
                Ymm z = Ymm.of(t[2]);
                put(mnemonic(op) + " " + name(x) + "," + name(y) + "," + name(z), a -> a.op(op, x, y, z));
            }
            for (Mem m : PLACES) {
                put(mnemonic(op) + " ymm9,ymm3," + place("ymmword", m), a -> a.op(op, Ymm.Y9, Ymm.Y3, m));
            }
        }
        for (int[] t : triples) {
            Ymm x = Ymm.of(t[0]);
            Ymm y = Ymm.of(t[1]);
            Ymm z = Ymm.of(t[2]);
            for (Op op : List.of(Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MAX)) {
                String low = "v" + op.name().toLowerCase(Locale.ROOT);
                put(low + "ss " + xmm(x) + "," + xmm(y) + "," + xmm(z), a -> a.single(op, x, y, z));
                put(low + "ps " + xmm(x) + "," + xmm(y) + "," + xmm(z), a -> a.four(op, x, y, z));
            }
            put("vsqrtss " + xmm(x) + "," + xmm(y) + "," + xmm(z), a -> a.sqrtSingle(x, y, z));
            put("vsqrtps " + name(x) + "," + name(y), a -> a.sqrt(x, y));
            put("vmovaps " + name(x) + "," + name(y), a -> a.move(x, y));
            put("vbroadcastss " + name(x) + "," + xmm(y), a -> a.broadcast(x, y));
            put("vpslld " + name(x) + "," + name(y) + ",13", a -> a.shiftLeft(x, y, 13));
            put("vpsrld " + name(x) + "," + name(y) + ",4", a -> a.shiftRight(x, y, 4));
            put("vpsrad " + name(x) + "," + name(y) + ",31", a -> a.shiftSigned(x, y, 31));
            put("vpsllw " + name(x) + "," + name(y) + ",8", a -> a.shiftLeftWords(x, y, 8));
            put("vpsrlw " + name(x) + "," + name(y) + ",12", a -> a.shiftRightWords(x, y, 12));
            put("vpsraw " + name(x) + "," + name(y) + ",8", a -> a.shiftSignedWords(x, y, 8));
            put("{evex} vpdpwssd " + name(x) + "," + name(y) + "," + name(z), a -> a.dotWords(x, y, z));
            put("vcvtps2dq " + name(x) + "," + name(y), a -> a.toInts(x, y));
            put("vpermq " + name(x) + "," + name(y) + ",216", a -> a.permutePairs(x, y, 216));
            put("vshufps " + name(x) + "," + name(y) + "," + name(z) + ",68", a -> a.shuffle(x, y, z, 68));
            put("vcvtdq2ps " + name(x) + "," + name(y), a -> a.toFloats(x, y));
            put("vextractf128 " + xmm(x) + "," + name(y) + ",1", a -> a.upper(x, y));
            put("vpermilps " + name(x) + "," + name(y) + ",14", a -> a.permute(x, y, 14));
        }
        for (Mem m : PLACES) {
            put("vcvtph2ps ymm12," + place("xmmword", m), a -> a.widen(Ymm.Y12, m));
            put("vcvtph2ps ymm3," + place("xmmword", m), a -> a.widen(Ymm.Y3, m));
            put("vcvtps2ph " + place("xmmword", m) + ",ymm11,0", a -> a.narrow(m, Ymm.Y11));
            put("vcvtps2ph " + place("xmmword", m) + ",ymm2,0", a -> a.narrow(m, Ymm.Y2));
            put("vmovups ymm1," + place("ymmword", m), a -> a.load(Ymm.Y1, m));
            put("vmovups ymm14," + place("ymmword", m), a -> a.load(Ymm.Y14, m));
            put("vmovups " + place("ymmword", m) + ",ymm10", a -> a.store(m, Ymm.Y10));
            put("vmovups xmm3," + place("xmmword", m), a -> a.loadLower(Ymm.Y3, m));
            put("vinsertf128 ymm13,ymm4," + place("xmmword", m) + ",1", a -> a.withUpper(Ymm.Y13, Ymm.Y4, m));
            put("vcmpps ymm6,ymm12," + place("ymmword", m) + ",1", a -> a.compare(Relation.LESS, Ymm.Y6, Ymm.Y12, m));
            put("vcvtps2pd ymm5," + place("xmmword", m), a -> a.toDoubles(Ymm.Y5, m));
            put("vcvtps2pd ymm12," + place("xmmword", m), a -> a.toDoubles(Ymm.Y12, m));
            put("vbroadcastss ymm8," + place("dword", m), a -> a.broadcast(Ymm.Y8, m));
            put("vcmpps ymm2,ymm11," + place("ymmword", m) + ",0", a -> a.compare(Relation.EQUAL, Ymm.Y2, Ymm.Y11, m));
            put(
                    "vcmpps ymm9,ymm1," + place("ymmword", m) + ",13",
                    a -> a.compare(Relation.GREATER_EQUAL, Ymm.Y9, Ymm.Y1, m));
            put("vcmpps ymm1,ymm9," + place("ymmword", m) + ",14", a -> a.compare(Relation.GREATER, Ymm.Y1, Ymm.Y9, m));
        }
        put("vxorps ymm12,ymm12,ymm12", a -> a.zero(Ymm.Y12));
        put("vmovmskps eax,ymm9", a -> a.signs(Gp.RAX, Ymm.Y9));
        put("vmovmskps r10d,ymm1", a -> a.signs(Gp.R10, Ymm.Y1));
        put("vmovd xmm3,r9d", a -> a.toVector(Ymm.Y3, Gp.R9));
        put("vmovd xmm12,ecx", a -> a.toVector(Ymm.Y12, Gp.RCX));
        put("vmovd eax,xmm0", a -> a.fromVector(Gp.RAX, Ymm.Y0));
        put("vmovd r8d,xmm13", a -> a.fromVector(Gp.R8, Ymm.Y13));
        put("vzeroupper", Assembler::zeroUpper);
    }

    private void general() {
        Gp[][] pairs = {{Gp.RAX, Gp.RCX}, {Gp.R8, Gp.RDI}, {Gp.RSI, Gp.R15}, {Gp.R12, Gp.R13}};
        for (Gp[] p : pairs) {
            String both = name(p[0]) + "," + name(p[1]);
            put("mov " + both, a -> a.mov(p[0], p[1]));
            put("add " + both, a -> a.add(p[0], p[1]));
            put("sub " + both, a -> a.sub(p[0], p[1]));
            put("cmp " + both, a -> a.cmp(p[0], p[1]));
            put("test " + name(p[0]) + "," + name(p[0]), a -> a.test(p[0]));
            put("dec " + name(p[0]), a -> a.dec(p[0]));
            put("shl " + name(p[0]) + ",32", a -> a.shl(p[0], 32));
            put("shr " + name(p[0]) + ",2", a -> a.shr(p[0], 2));
            put("push " + name(p[0]), a -> a.push(p[0]));
            put("pop " + name(p[0]), a -> a.pop(p[0]));
            for (int value : new int[] {4, -128, 128, 4096}) {
                put("add " + name(p[0]) + "," + value, a -> a.add(p[0], value));
                put("sub " + name(p[0]) + "," + value, a -> a.sub(p[0], value));
                put("cmp " + name(p[0]) + "," + value, a -> a.cmp(p[0], value));
            }
            put("movabs " + name(p[0]) + ",1085102592571150095", a -> a.movLong(p[0], 0x0f0f0f0f0f0f0f0fL));
            put("xor " + low(p[0]) + ",305419896", a -> a.xor4(p[0], 0x12345678));
            put("pext " + both + "," + name(p[1]), a -> a.pext(p[0], p[1], p[1]));
            put("pext " + name(p[1]) + ",rdx," + name(p[0]), a -> a.pext(p[1], Gp.RDX, p[0]));
            put("pdep " + name(p[1]) + ",rdx," + name(p[0]), a -> a.pdep(p[1], Gp.RDX, p[0]));
            put("pdep " + both + "," + name(p[1]), a -> a.pdep(p[0], p[1], p[1]));
            put("mov " + name(p[0]) + ",-1", a -> a.mov(p[0], -1));
        }
        for (Mem m : PLACES) {
            put("prefetcht0 " + place("byte", m), a -> a.prefetch(m));
            put("mov rdx," + place("qword", m), a -> a.mov(Gp.RDX, m));
            put("mov r9," + place("qword", m), a -> a.mov(Gp.R9, m));
            put("add r14," + place("qword", m), a -> a.add(Gp.R14, m));
            put("lea rbx," + place("", m).replace(" ptr ", ""), a -> a.lea(Gp.RBX, m));
            put("mov " + place("dword", m) + ",r10d", a -> a.mov4(m, Gp.R10));
            put("mov esi," + place("dword", m), a -> a.load4(Gp.RSI, m));
            put("movzx r11d," + place("word", m), a -> a.load2(Gp.R11, m));
            put("movzx eax," + place("word", m), a -> a.load2(Gp.RAX, m));
            put("mov " + place("word", m) + ",r9w", a -> a.store2(m, Gp.R9));
            put("mov " + place("word", m) + ",cx", a -> a.store2(m, Gp.RCX));
        }
        put("tzcnt eax,eax", a -> a.tzcnt(Gp.RAX, Gp.RAX));
        put("tzcnt r9d,r12d", a -> a.tzcnt(Gp.R9, Gp.R12));
        put("cpuid", Assembler::cpuid);
        put("xgetbv", Assembler::xgetbv);
        put("ret", Assembler::ret);
    }

    @Test
    void everyInstructionIsEncodedAsTheGnuAssemblerDoes() {
        vectors();
        general();
        Map<String, String> expected = expected();
        Map<String, String> actual = new LinkedHashMap<>();
        made.forEach((text, bytes) -> actual.put(text, HexFormat.of().formatHex(bytes)));
        if (Boolean.getBoolean("cutaway.assembler.texts")) {
            actual.keySet().forEach(System.out::println);
        }
        assertThat(actual.size()).isGreaterThan(500);
        actual.forEach((text, hex) -> assertThat(hex).as(text).isEqualTo(expected.get(text)));
    }

    private static Map<String, String> expected() {
        Map<String, String> lines = new HashMap<>();
        try (var in = Objects.requireNonNull(AssemblerTest.class.getResourceAsStream("instructions.txt"))) {
            new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .map(line -> line.split("\t", 2))
                    .forEach(parts -> lines.put(parts[1], parts[0]));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    /** Jumps, constants and arguments have no text to compare: they are run. Sums an array of whole vectors, twice. */
    @Test
    void jumpsAndConstantsReachWhereTheyShould() {
        assumeThat(MachineCode.obstacle()).isEmpty();
        assumeThat(Cpu.read().avx2()).isTrue();
        Assembler a = new Assembler();
        Label empty = new Label();
        a.load(Ymm.Y0, a.floats(-1.5f));
        a.test(Gp.RSI);
        a.jump(Condition.EQUAL, empty);
        Label loop = a.here();
        a.op(Op.ADD, Ymm.Y0, Ymm.Y0, Mem.at(Gp.RDI));
        a.compare(Relation.EQUAL, Ymm.Y1, Ymm.Y0, a.floats(7f)); // an immediate stands behind the distance
        a.add(Gp.RDI, 32);
        a.dec(Gp.RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.set(empty);
        a.store(Mem.at(Gp.RDX), Ymm.Y0);
        a.signs(Gp.RAX, Ymm.Y1);
        a.zeroUpper();
        a.ret();
        MachineCode code = MachineCode.of(a.finish());
        MemorySegment x = Arena.ofAuto().allocateFrom(ValueLayout.JAVA_FLOAT, floats(24));
        MemorySegment y = Arena.ofAuto().allocate(32);
        // lane 0: -1.5 + 0 + 8 + 16, lane 1: that + 3 ...; 7 is nowhere
        assertThat(code.call(x.address(), 3, y.address(), 0, 0, 0)).isZero();
        assertThat(y.toArray(ValueLayout.JAVA_FLOAT))
                .containsExactly(22.5f, 25.5f, 28.5f, 31.5f, 34.5f, 37.5f, 40.5f, 43.5f);
        x.setAtIndex(ValueLayout.JAVA_FLOAT, 2, 8.5f); // -1.5 + 8.5 = 7 in lane 2
        assertThat(code.call(x.address(), 1, y.address(), 0, 0, 0)).isEqualTo(4);
        code.call(x.address(), 0, y.address(), 0, 0, 0);
        assertThat(y.toArray(ValueLayout.JAVA_FLOAT)).containsOnly(-1.5f);
    }

    private static float[] floats(int n) {
        float[] f = new float[n];
        for (int i = 0; i < n; i++) {
            f[i] = i;
        }
        return f;
    }

    @Test
    void aLabelIsSetOnce() {
        Assembler a = new Assembler();
        Label label = a.here();
        assertThatThrownBy(() -> a.set(label)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theProcessorKnowsWhatTheJvmUses() {
        assumeThat(MachineCode.obstacle()).isEmpty();
        Cpu cpu = Cpu.read();
        String flags = cpuInfo();
        assumeThat(flags).isNotEmpty();
        assertThat(cpu.avx2()).isEqualTo(flags.contains(" avx2 ") && flags.contains(" fma "));
        assertThat(cpu.avx512()).isEqualTo(flags.contains(" avx512bw ") && flags.contains(" avx512vl "));
        assertThat(cpu.vnni()).isEqualTo(flags.contains(" avx512_vnni "));
        assertThat(cpu.bf16()).isEqualTo(flags.contains(" avx512_bf16 "));
    }

    /** What Linux says of the processor; empty elsewhere. */
    private static String cpuInfo() {
        try {
            return java.nio.file.Files.readAllLines(java.nio.file.Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("flags"))
                    .findFirst()
                    .map(line -> line + " ")
                    .orElse("");
        } catch (IOException e) {
            return "";
        }
    }
}
