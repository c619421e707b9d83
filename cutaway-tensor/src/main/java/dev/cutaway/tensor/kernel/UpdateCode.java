package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R8;
import static dev.cutaway.tensor.machine.Gp.R9;
import static dev.cutaway.tensor.machine.Gp.RCX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;
import static dev.cutaway.tensor.machine.Ymm.Y0;
import static dev.cutaway.tensor.machine.Ymm.Y1;
import static dev.cutaway.tensor.machine.Ymm.Y2;
import static dev.cutaway.tensor.machine.Ymm.Y3;
import static dev.cutaway.tensor.machine.Ymm.Y4;
import static dev.cutaway.tensor.machine.Ymm.Y5;
import static dev.cutaway.tensor.machine.Ymm.Y6;
import static dev.cutaway.tensor.machine.Ymm.Y7;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Assembler.Relation;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * The machine code of optimisers' updates: {@code f(w, g, state, state, -bytes, constants)}. Addresses are those behind the last float,
 * since the index counts up to zero; bytes are a multiple of 32, at least 32; constants are floats.
 */
final class UpdateCode {
    private static final int WIDTH = 32;
    private static final int SIGN = 1 << 31;

    private UpdateCode() {}

    /** Emits a loop's body. */
    private interface Body {
        void emit();
    }

    private static byte[] loop(Assembler a, Body body) {
        Label start = a.here();
        body.emit();
        a.add(R8, WIDTH);
        a.jump(Condition.NOT_EQUAL, start);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** The next eight floats that a register points to. */
    private static Mem at(Gp base) {
        return Mem.at(base, R8, 1, 0);
    }

    /** Constant i in all lanes of register 7 + i. */
    private static void constants(Assembler a, int n) {
        for (int i = 0; i < n; i++) {
            a.broadcast(constant(i), Mem.at(R9, 4 * i));
        }
    }

    private static Ymm constant(int i) {
        return Ymm.of(Y7.number() + i);
    }

    /** Constants: clip, keep, beta1, rest1, beta2, rest2, minus size, root, eps. */
    static byte[] adamW() {
        Assembler a = new Assembler();
        constants(a, 9);
        return loop(a, () -> {
            a.op(Op.MUL, Y0, constant(0), at(RSI)); // the gradient
            a.op(Op.MUL, Y1, constant(2), at(RDX));
            a.op(Op.FMA231, Y1, constant(3), Y0); // the mean
            a.store(at(RDX), Y1);
            a.op(Op.MUL, Y2, constant(4), at(RCX));
            a.op(Op.MUL, Y3, constant(5), Y0);
            a.op(Op.FMA231, Y2, Y3, Y0); // the mean square
            a.store(at(RCX), Y2);
            a.sqrt(Y4, Y2);
            a.op(Op.FMA213, Y4, constant(7), constant(8));
            a.op(Op.MUL, Y5, constant(6), Y1);
            a.op(Op.DIV, Y5, Y5, Y4);
            a.load(Y6, at(RDI));
            a.op(Op.FMA213, Y6, constant(1), Y5);
            a.store(at(RDI), Y6);
        });
    }

    /** Constants: clip, keep, minus rate. */
    static byte[] descend() {
        Assembler a = new Assembler();
        constants(a, 3);
        return loop(a, () -> {
            a.op(Op.MUL, Y0, constant(0), at(RSI));
            a.op(Op.MUL, Y0, Y0, constant(2));
            a.load(Y1, at(RDI));
            a.op(Op.FMA213, Y1, constant(1), Y0);
            a.store(at(RDI), Y1);
        });
    }

    /** Constants: clip, keep, minus rate, momentum. */
    static byte[] momentum() {
        Assembler a = new Assembler();
        constants(a, 4);
        return loop(a, () -> {
            a.op(Op.MUL, Y0, constant(0), at(RSI));
            a.op(Op.FMA231, Y0, constant(3), at(RDX));
            a.store(at(RDX), Y0);
            a.op(Op.MUL, Y0, Y0, constant(2));
            a.load(Y1, at(RDI));
            a.op(Op.FMA213, Y1, constant(1), Y0);
            a.store(at(RDI), Y1);
        });
    }

    /** Constants: clip, keep, rate, beta1, rest1, beta2, rest2. */
    static byte[] lion() {
        Assembler a = new Assembler();
        constants(a, 7);
        return loop(a, () -> {
            a.op(Op.MUL, Y0, constant(0), at(RSI));
            a.load(Y1, at(RDX));
            a.op(Op.MUL, Y2, constant(3), Y1);
            a.op(Op.FMA231, Y2, constant(4), Y0); // the direction
            a.op(Op.MUL, Y1, constant(5), Y1);
            a.op(Op.FMA231, Y1, constant(6), Y0);
            a.store(at(RDX), Y1);
            a.compare(Relation.EQUAL, Y3, Y2, a.floats(0));
            a.op(Op.AND, Y2, Y2, a.ints(SIGN));
            a.op(Op.XOR, Y2, Y2, a.ints(SIGN));
            a.op(Op.OR, Y2, Y2, constant(2)); // the rate, against the direction
            a.op(Op.AND_NOT, Y2, Y3, Y2);
            a.load(Y4, at(RDI));
            a.op(Op.FMA213, Y4, constant(1), Y2);
            a.store(at(RDI), Y4);
        });
    }

    /** {@code f(average, x, ...)}; constants: share. */
    static byte[] average() {
        Assembler a = new Assembler();
        constants(a, 1);
        return loop(a, () -> {
            a.load(Y0, at(RDI));
            a.load(Y1, at(RSI));
            a.op(Op.SUB, Y1, Y1, Y0);
            a.op(Op.FMA231, Y0, Y1, constant(0));
            a.store(at(RDI), Y0);
        });
    }

    /** {@code f(x, sums, sixteens)}: adds squares to sixteen sums in double precision. */
    static byte[] squares() {
        Assembler a = new Assembler();
        for (int i = 0; i < 4; i++) {
            a.load(Ymm.of(i), Mem.at(RSI, WIDTH * i));
        }
        Label start = a.here();
        for (int i = 0; i < 4; i++) {
            Ymm x = Ymm.of(4 + i);
            a.toDoubles(x, Mem.at(RDI, 16 * i));
            a.op(Op.MUL_DOUBLES, x, x, x);
            a.op(Op.ADD_DOUBLES, Ymm.of(i), Ymm.of(i), x);
        }
        a.add(RDI, 2 * WIDTH);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, start);
        for (int i = 0; i < 4; i++) {
            a.store(Mem.at(RSI, WIDTH * i), Ymm.of(i));
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }
}
