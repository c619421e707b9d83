package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R11;
import static dev.cutaway.tensor.machine.Gp.R14;
import static dev.cutaway.tensor.machine.Gp.R15;
import static dev.cutaway.tensor.machine.Gp.RAX;
import static dev.cutaway.tensor.machine.Gp.RBP;
import static dev.cutaway.tensor.machine.Gp.RBX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Mem;

/**
 * The part of {@link PackCode} for codes of 5 and 6 bits and for super-blocks: bits are gathered from where the file has them
 * ({@code pext}) and laid where the panel wants them ({@code pdep}), for all even columns of a block and then for all odd ones,
 * since these are the lower and the upper halves of the panel's words. RDI is the unit in the file, RSI its first word, RDX
 * the place in its (first) block's header; RAX, RBX, RBP, R11, R14 and R15 are changed.
 */
final class PackFields {
    private static final int ROW_BYTES = 4 * Layout.PANEL;

    private final Assembler a;
    private final Layout layout;
    private final int blockBytes;

    PackFields(Assembler a, Layout layout) {
        this.a = a;
        this.layout = layout;
        this.blockBytes = 4 * layout.blockWords();
    }

    /** A mask in each of the four 16-bit parts. */
    private static long four(int mask) {
        return mask * 0x0001000100010001L;
    }

    private void gather(Gp to, Gp from, long mask) {
        a.movLong(R11, mask);
        a.pext(to, from, R11);
    }

    private void spread(Gp to, Gp from, long mask) {
        a.movLong(R11, mask);
        a.pdep(to, from, R11);
    }

    /** {@code to = } the mask's bits of so many 8-byte words from a place in the file on, {@code bits} of each. Changes RBX. */
    private void gather(Gp to, int at, int words, long mask, int bits) {
        for (int i = 0; i < words; i++) {
            Gp part = i == 0 ? to : RBX;
            a.mov(part, Mem.at(RDI, at + 8 * i));
            gather(part, part, mask);
            if (i > 0) {
                a.shl(RBX, bits * i);
                a.add(to, RBX);
            }
        }
    }

    /** Stores the 16-bit parts of RBP into the halves of words, one of each row's. */
    private void store(int at, int parts) {
        for (int i = 0; i < parts; i++) {
            a.store2(Mem.at(RSI, at + ROW_BYTES * i), RBP);
            if (i + 1 < parts) {
                a.shr(RBP, 16);
            }
        }
    }

    /** A block of Q5_0 or Q5_1. */
    void five() {
        int highAt = layout.minimum ? 4 : 2;
        if (layout.minimum) {
            a.load4(RAX, Mem.at(RDI));
            a.mov4(Mem.at(RDX), RAX);
        } else {
            a.load2(RAX, Mem.at(RDI));
            a.store2(Mem.at(RDX), RAX);
        }
        a.load4(R14, Mem.at(RDI, highAt));
        if (!layout.minimum) {
            a.xor4(R14, -1); // code - 16 in two's complement
        }
        for (int odd = 0; odd < 2; odd++) {
            gather(RAX, highAt + 4, 2, four(0x000f) << 8 * odd, 16);
            gather(RBP, highAt + 4, 2, four(0x00f0) << 8 * odd, 16);
            a.shl(RBP, 32);
            a.add(RAX, RBP);
            gather(R15, R14, 0x55555555L << odd);
            fives(2 * odd);
        }
    }

    /** Sixteen codes of even or odd columns: their lower four bits in RAX, their highest ones in R15. */
    private void fives(int at) {
        a.mov(RBP, RAX);
        a.shr(RBP, 48);
        spread(RBP, RBP, 0x3def);
        a.mov(RBX, R15);
        a.shr(RBX, 12);
        spread(RBX, RBX, 0xc210);
        a.add(RBP, RBX);
        store(at + 4 * ROW_BYTES, 1);
        spread(RBP, R15, four(0x4210));
        spread(RBX, RAX, four(0x3def));
        a.add(RBP, RBX);
        a.shr(RAX, 60);
        spread(RAX, RAX, four(0x8000));
        a.add(RBP, RAX);
        store(at, 4);
    }

    /** A super-block of Q4_K. */
    void superFour() {
        factors();
        a.movLong(R11, 0x0f0f0f0f0f0f0f0fL);
        for (int b = 0; b < 8; b += 2) {
            for (int i = 0; i < 4; i++) {
                a.mov(RBX, Mem.at(RDI, 16 + 16 * b + 8 * i));
                a.pext(RAX, RBX, R11);
                a.mov4(Mem.at(RSI, b * blockBytes + ROW_BYTES * i), RAX);
                a.shr(RBX, 4);
                a.pext(RAX, RBX, R11);
                a.mov4(Mem.at(RSI, (b + 1) * blockBytes + ROW_BYTES * i), RAX);
            }
        }
    }

    /** A super-block of Q5_K. */
    void superFive() {
        factors();
        for (int b = 0; b < 8; b++) {
            for (int odd = 0; odd < 2; odd++) {
                gather(R15, 16, 4, four(0x0001) << 8 * odd + b, 4);
                gather(RAX, 48 + b / 2 * 32, 4, four(0x000f) << 8 * odd + 4 * (b % 2), 16);
                fives(b * blockBytes + 2 * odd);
            }
        }
    }

    /** Both factors, and the blocks' 6-bit scales and minima, of which ggml packs the last four's in pieces. */
    private void factors() {
        a.load4(RAX, Mem.at(RDI));
        a.mov4(Mem.at(RSI, -4 * (layout.headerWords + layout.superHeaderWords)), RAX);
        a.mov(R14, Mem.at(RDI, 4));
        a.load4(R15, Mem.at(RDI, 12));
        headers(0, R14, 0x000000003f3f3f3fL, 0x003f, 0x3f3f3f3f00000000L, 0x3f00);
        headers(4, R15, 0x000000000f0f0f0fL, 0x000f, 0x00000000f0f0f0f0L, 0x0f00);
    }

    private void headers(int block, Gp from, long scales, int scale, long minima, int minimum) {
        gather(RBP, from, scales);
        spread(RBP, RBP, four(scale));
        gather(RAX, from, minima);
        spread(RAX, RAX, four(minimum));
        a.add(RBP, RAX);
        if (block > 0) {
            gather(RAX, R14, 0x00000000c0c0c0c0L);
            spread(RAX, RAX, four(0x0030));
            a.add(RBP, RAX);
            gather(RAX, R14, 0xc0c0c0c000000000L);
            spread(RAX, RAX, four(0x3000));
            a.add(RBP, RAX);
        }
        for (int i = 0; i < 4; i++) {
            a.store2(Mem.at(RDX, (block + i) * blockBytes), RBP);
            a.shr(RBP, 16);
        }
    }

    /** A super-block of Q6_K. */
    void superSix() {
        a.load2(RAX, Mem.at(RDI, 208));
        a.store2(Mem.at(RDX, -4 * layout.superHeaderWords), RAX);
        for (int b = 0; b < 8; b++) {
            a.load2(RAX, Mem.at(RDI, 192 + 2 * b));
            a.store2(Mem.at(RDX, b * blockBytes), RAX);
            for (int half = 0; half < 2; half++) {
                for (int odd = 0; odd < 2; odd++) {
                    sixes(b, half, odd);
                }
            }
        }
    }

    /** Eight codes of even or odd columns of half a block: three words' halves. */
    private void sixes(int b, int half, int odd) {
        int quarter = b % 4;
        int low = b / 4 * 64 + quarter % 2 * 32 + 16 * half;
        int high = 128 + b / 4 * 32 + 16 * half;
        gather(RAX, low, 2, four(0x000f) << 8 * odd + quarter / 2 * 4, 16);
        gather(RBP, high, 2, four(0x0003) << 8 * odd + 2 * quarter, 8);
        a.xor4(RBP, 0xaaaa); // code - 32 in two's complement
        spread(RAX, RAX, 0x3cf3cf3cf3cfL);
        spread(RBP, RBP, 0xc30c30c30c30L);
        a.add(RAX, RBP); // eight codes of six bits, the fourth pair of which is divided among the three before
        spread(RBP, RAX, 0x0fff0fff0fffL);
        a.shr(RAX, 36);
        spread(RAX, RAX, 0xf000f000f000L);
        a.add(RBP, RAX);
        store(b * blockBytes + 3 * half * ROW_BYTES + 2 * odd, 3);
    }
}
