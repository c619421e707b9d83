package dev.cutaway.tensor.machine;

import static dev.cutaway.tensor.machine.Gp.R8;
import static dev.cutaway.tensor.machine.Gp.RAX;
import static dev.cutaway.tensor.machine.Gp.RBX;
import static dev.cutaway.tensor.machine.Gp.RCX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the processor says that it can do, and the operating system lets it.
 *
 * @param avx2 vectors of 256 bits with whole numbers and fused multiply-add (AVX2, FMA, BMI1, BMI2: x86-64-v3)
 * @param avx512 vectors of 512 bits (AVX-512 F, BW, DQ, VL: x86-64-v4)
 * @param vnni dot products of bytes (AVX512_VNNI)
 * @param bf16 dot products of bfloat16 (AVX512_BF16)
 */
public record Cpu(boolean avx2, boolean avx512, boolean vnni, boolean bf16) {
    private static final int OSXSAVE = 1 << 27;

    /** Asks the processor. {@link MachineCode#obstacle} must be empty. */
    public static Cpu read() {
        MachineCode ask = MachineCode.of(code());
        MemorySegment out = Arena.ofAuto().allocate(16, 16);
        int most = words(ask, out, 0, 0, false)[0];
        if (most < 7) {
            return new Cpu(false, false, false, false);
        }
        int features = words(ask, out, 1, 0, false)[2];
        if ((features & OSXSAVE) == 0) {
            return new Cpu(false, false, false, false);
        }
        int[] seven = words(ask, out, 7, 0, false);
        int more = seven[0] >= 1 ? words(ask, out, 7, 1, false)[0] : 0;
        int saved = words(ask, out, 0, 0, true)[0];
        boolean fma = bit(features, 12) && bit(features, 28) && bit(features, 29);
        boolean avx2 = fma && bit(seven[1], 5) && bit(seven[1], 3) && bit(seven[1], 8) && (saved & 6) == 6;
        boolean wide = bit(seven[1], 16) && bit(seven[1], 17) && bit(seven[1], 30) && bit(seven[1], 31);
        boolean avx512 = avx2 && wide && (saved & 0xe6) == 0xe6;
        return new Cpu(avx2, avx512, avx512 && bit(seven[2], 11), avx512 && bit(more, 5));
    }

    private static boolean bit(int word, int i) {
        return (word >>> i & 1) != 0;
    }

    private static int[] words(MachineCode ask, MemorySegment out, int leaf, int part, boolean saved) {
        ask.call(out.address(), leaf, part, saved ? 1 : 0, 0, 0);
        return out.toArray(ValueLayout.JAVA_INT);
    }

    /** {@code f(out, leaf, part, saved)}: the four words of CPUID, or of XGETBV if saved is not 0. */
    static byte[] code() {
        Assembler a = new Assembler();
        Label keep = new Label();
        Label register = new Label();
        a.push(RBX);
        a.mov(R8, RCX);
        a.mov(RAX, RSI);
        a.mov(RCX, RDX);
        a.test(R8);
        a.jump(Assembler.Condition.NOT_EQUAL, register);
        a.cpuid();
        a.jmp(keep);
        a.set(register);
        a.xgetbv();
        a.set(keep);
        a.mov4(Mem.at(RDI), RAX);
        a.mov4(Mem.at(RDI, 4), RBX);
        a.mov4(Mem.at(RDI, 8), RCX);
        a.mov4(Mem.at(RDI, 12), RDX);
        a.pop(RBX);
        a.ret();
        return a.finish();
    }
}
