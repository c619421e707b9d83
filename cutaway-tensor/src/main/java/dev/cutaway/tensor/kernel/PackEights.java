package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R10;
import static dev.cutaway.tensor.machine.Gp.R11;
import static dev.cutaway.tensor.machine.Gp.R12;
import static dev.cutaway.tensor.machine.Gp.R13;
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
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;
import java.util.List;

/**
 * Packing of layouts whose words are in the panel as they are in the file (floats, pairs of halves, codes of eight bits), eight
 * rows at a time: squares of eight words of eight rows are turned in registers, where {@link PackCode} carries each word alone.
 * The arguments are those of PackCode, with a number of rows that eight divides.
 */
final class PackEights {
    private static final List<Gp> SAVED = List.of(RBX, RBP, R12, R13, R14, R15); // the caller's
    private static final int ROW_BYTES = 4 * Layout.PANEL;
    private static final int WORDS = 8;

    private PackEights() {}

    /** Whether there is such code for a layout. */
    static boolean knows(Layout layout) {
        return layout == Layout.F32 || layout == Layout.F16 || layout == Layout.BF16 || layout == Layout.Q8;
    }

    static byte[] code(Layout layout) {
        boolean blocked = layout.blocked();
        Assembler a = new Assembler();
        for (Gp saved : SAVED) {
            a.push(saved);
        }
        // RBX eights of rows; R12 squares in a row; R14 squares left; R15 eights left; R13 a header's place
        a.mov(RBX, R8);
        a.shr(RBX, 3);
        a.mov(R12, RCX);
        if (!blocked) {
            a.shr(R12, 3);
        }
        a.mov(R14, R12);
        Label tail = new Label();
        Label end = new Label();
        a.test(R14);
        a.jump(Condition.EQUAL, tail);
        Label square = a.here();
        a.mov(RAX, RDI);
        a.mov(RBP, RSI);
        a.mov(R13, RDX);
        a.mov(R15, RBX);
        Label eight = a.here();
        turn(a, blocked);
        a.lea(RAX, Mem.at(RAX, R9, 8, 0));
        a.add(RBP, 4 * WORDS);
        a.add(R13, 4 * WORDS);
        a.dec(R15);
        a.jump(Condition.NOT_EQUAL, eight);
        int step = blocked ? 4 * layout.superWords() : ROW_BYTES * WORDS;
        a.add(RDI, blocked ? PackCode.sourceBytes(layout) : 4 * WORDS);
        a.add(RSI, step);
        a.add(RDX, step);
        a.dec(R14);
        a.jump(Condition.NOT_EQUAL, square);
        a.set(tail);
        if (!blocked) {
            a.shl(R12, 3);
            a.sub(RCX, R12);
            a.test(RCX);
            a.jump(Condition.EQUAL, end);
            Label word = a.here();
            a.mov(RAX, RDI);
            a.mov(RBP, RSI);
            a.mov(R15, R8);
            Label row = a.here();
            a.load4(R10, Mem.at(RAX));
            a.mov4(Mem.at(RBP), R10);
            a.add(RAX, R9);
            a.add(RBP, 4);
            a.dec(R15);
            a.jump(Condition.NOT_EQUAL, row);
            a.add(RDI, 4);
            a.add(RSI, ROW_BYTES);
            a.dec(RCX);
            a.jump(Condition.NOT_EQUAL, word);
        }
        a.set(end);
        for (Gp saved : SAVED.reversed()) {
            a.pop(saved);
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** A square at RAX, its rows R9 bytes apart, to RBP; headers of blocks to R13. */
    private static void turn(Assembler a, boolean blocked) {
        int wordsAt = blocked ? 2 : 0;
        a.lea(R10, Mem.at(RAX, R9, 2, 0));
        a.add(R10, R9); // the fourth row
        a.lea(R11, Mem.at(RAX, R9, 4, 0)); // the fifth row
        for (int half = 0; half < 2; half++) {
            int at = wordsAt + 16 * half;
            for (int i = 0; i < 4; i++) {
                Ymm v = Ymm.of(i);
                a.loadLower(v, i == 3 ? Mem.at(R10, at) : i == 0 ? Mem.at(RAX, at) : Mem.at(RAX, R9, i, at));
                a.withUpper(v, v, i == 3 ? Mem.at(R10, R9, 4, at) : i == 0 ? Mem.at(R11, at) : Mem.at(R11, R9, i, at));
            }
            a.op(Op.UNPACK_LOW, Ymm.Y4, Ymm.Y0, Ymm.Y1);
            a.op(Op.UNPACK_HIGH, Ymm.Y5, Ymm.Y0, Ymm.Y1);
            a.op(Op.UNPACK_LOW, Ymm.Y6, Ymm.Y2, Ymm.Y3);
            a.op(Op.UNPACK_HIGH, Ymm.Y7, Ymm.Y2, Ymm.Y3);
            a.shuffle(Ymm.Y0, Ymm.Y4, Ymm.Y6, 0x44);
            a.shuffle(Ymm.Y1, Ymm.Y4, Ymm.Y6, 0xee);
            a.shuffle(Ymm.Y2, Ymm.Y5, Ymm.Y7, 0x44);
            a.shuffle(Ymm.Y3, Ymm.Y5, Ymm.Y7, 0xee);
            for (int i = 0; i < 4; i++) {
                a.store(Mem.at(RBP, ROW_BYTES * (4 * half + i)), Ymm.of(i));
            }
        }
        for (int r = 0; blocked && r < 8; r++) {
            Gp base = r < 4 ? RAX : R11;
            a.load2(
                    R8,
                    r % 4 == 3
                            ? (r == 3 ? Mem.at(R10) : Mem.at(R10, R9, 4, 0))
                            : r % 4 == 0 ? Mem.at(base) : Mem.at(base, R9, r % 4, 0));
            a.store2(Mem.at(R13, 4 * r), R8);
        }
    }
}
