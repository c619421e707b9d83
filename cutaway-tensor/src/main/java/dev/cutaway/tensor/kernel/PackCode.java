package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R10;
import static dev.cutaway.tensor.machine.Gp.R11;
import static dev.cutaway.tensor.machine.Gp.R14;
import static dev.cutaway.tensor.machine.Gp.R15;
import static dev.cutaway.tensor.machine.Gp.R8;
import static dev.cutaway.tensor.machine.Gp.R9;
import static dev.cutaway.tensor.machine.Gp.RAX;
import static dev.cutaway.tensor.machine.Gp.RBP;
import static dev.cutaway.tensor.machine.Gp.RBX;
import static dev.cutaway.tensor.machine.Gp.RCX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.MachineCode;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The machine code of {@link Packer}: a model's first token waits for this. Neighbouring
 * rows of half a panel at a time, since every call from Java costs as much as a short row while nothing is compiled yet.
 *
 * <p>{@code f(row in the file, its first word among the codes of the panel's first block, its place in that block's header,
 * units, rows, bytes from row to row in the file)}: a unit is a super-block, or a block, or a word of two columns, or a column.
 */
final class PackCode {
    private static final int ROW_BYTES = 4 * Layout.PANEL;
    private static final List<Gp> SAVED = List.of(RBX, RBP, R14, R15); // the caller's
    private static final Map<Layout, MachineCode> MADE = new EnumMap<>(Layout.class);
    private static final Map<Layout, MachineCode> EIGHTS = new EnumMap<>(Layout.class);

    private static @Nullable MachineCode infinities;

    private PackCode() {}

    /** The code for a layout, if there is some and this process runs machine code. */
    static synchronized Optional<MachineCode> of(Layout layout) {
        return Choice.MADE.machine()
                ? Optional.of(MADE.computeIfAbsent(layout, l -> MachineCode.of(code(l))))
                : Optional.empty();
    }

    /** Quicker code for a layout and numbers of rows that eight divides, if there is some. */
    static synchronized Optional<MachineCode> eights(Layout layout) {
        return Choice.MADE.machine() && PackEights.knows(layout)
                ? Optional.of(EIGHTS.computeIfAbsent(layout, l -> MachineCode.of(PackEights.code(l))))
                : Optional.empty();
    }

    /**
     * {@code f(halves, pieces of 32 bytes)}: not 0 if one of the halves is infinite or no number, if this process runs machine
     * code.
     */
    static synchronized Optional<MachineCode> infinities() {
        if (infinities == null && Choice.MADE.machine()) {
            infinities = MachineCode.of(findInfinities());
        }
        return Optional.ofNullable(infinities);
    }

    /** Exponents of all ones carry into the sign's place when one is added; nothing else does. */
    private static byte[] findInfinities() {
        Assembler a = new Assembler();
        Ymm exponent = Ymm.Y0;
        Ymm one = Ymm.Y1;
        Ymm found = Ymm.Y2;
        Ymm halves = Ymm.Y3;
        a.load(exponent, a.ints(0x7c007c00));
        a.load(one, a.ints(0x04000400));
        a.zero(found);
        Label loop = a.here();
        a.op(Assembler.Op.PAND, halves, exponent, Mem.at(RDI));
        a.op(Assembler.Op.PADD, halves, halves, one);
        a.op(Assembler.Op.POR, found, found, halves);
        a.add(RDI, 32);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.shiftLeft(halves, found, 16);
        a.op(Assembler.Op.POR, found, found, halves);
        a.signs(RAX, found);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    private static byte[] code(Layout layout) {
        Assembler a = new Assembler();
        for (Gp saved : SAVED) {
            a.push(saved);
        }
        a.movLong(R11, 0x0f0f0f0f0f0f0f0fL);
        a.mov(R10, RCX);
        Label row = a.here();
        a.push(RDI);
        a.push(RSI);
        a.push(RDX);
        a.mov(RCX, R10);
        row(a, layout);
        a.pop(RDX);
        a.pop(RSI);
        a.pop(RDI);
        a.add(RDI, R9);
        a.add(RSI, 4);
        a.add(RDX, 4);
        a.dec(R8);
        a.jump(Condition.NOT_EQUAL, row);
        for (Gp saved : SAVED.reversed()) {
            a.pop(saved);
        }
        a.ret();
        return a.finish();
    }

    private static void row(Assembler a, Layout layout) {
        Label loop = a.here();
        switch (layout) {
            case Q8 -> {
                a.load2(RAX, Mem.at(RDI));
                a.store2(Mem.at(RDX), RAX);
                for (int i = 0; i < 8; i++) {
                    a.load4(RAX, Mem.at(RDI, 2 + 4 * i));
                    a.mov4(Mem.at(RSI, ROW_BYTES * i), RAX);
                }
            }
            case Q4, Q4_MIN -> nibbles(a, layout);
            case Q5, Q5_MIN -> new PackFields(a, layout).five();
            case Q4_SUPER -> new PackFields(a, layout).superFour();
            case Q5_SUPER -> new PackFields(a, layout).superFive();
            case Q6_SUPER -> new PackFields(a, layout).superSix();
            default -> {
                a.load4(RAX, Mem.at(RDI));
                a.mov4(Mem.at(RSI), RAX);
            }
        }
        int step = layout.blocked() ? 4 * layout.superWords() : ROW_BYTES;
        a.add(RDI, sourceBytes(layout));
        a.add(RSI, step);
        a.add(RDX, step);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, loop);
    }

    private static void nibbles(Assembler a, Layout layout) {
        int codesAt = layout.minimum ? 4 : 2;
        if (layout.minimum) {
            a.load4(RAX, Mem.at(RDI));
            a.mov4(Mem.at(RDX), RAX);
        } else {
            a.load2(RAX, Mem.at(RDI));
            a.store2(Mem.at(RDX), RAX);
        }
        for (int i = 0; i < 2; i++) {
            a.mov(RBX, Mem.at(RDI, codesAt + 8 * i));
            for (int upper = 0; upper < 2; upper++) {
                a.pext(RAX, RBX, R11);
                if (!layout.minimum) {
                    a.xor4(RAX, 0x88888888); // code - 8 in two's complement
                }
                a.mov4(Mem.at(RSI, ROW_BYTES * (i + 2 * upper)), RAX);
                if (upper == 0) {
                    a.shr(RBX, 4);
                }
            }
        }
    }

    /** Bytes of a unit in the file. */
    static int sourceBytes(Layout layout) {
        return switch (layout) {
            case Q8 -> 34;
            case Q4 -> 18;
            case Q4_MIN -> 20;
            case Q5 -> 22;
            case Q5_MIN -> 24;
            case Q4_SUPER -> 144;
            case Q5_SUPER -> 176;
            case Q6_SUPER -> 210;
            default -> 4;
        };
    }
}
