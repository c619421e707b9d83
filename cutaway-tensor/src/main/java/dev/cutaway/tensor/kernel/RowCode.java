package dev.cutaway.tensor.kernel;

import static dev.cutaway.tensor.machine.Gp.R10;
import static dev.cutaway.tensor.machine.Gp.R11;
import static dev.cutaway.tensor.machine.Gp.R8;
import static dev.cutaway.tensor.machine.Gp.R9;
import static dev.cutaway.tensor.machine.Gp.RAX;
import static dev.cutaway.tensor.machine.Gp.RCX;
import static dev.cutaway.tensor.machine.Gp.RDI;
import static dev.cutaway.tensor.machine.Gp.RDX;
import static dev.cutaway.tensor.machine.Gp.RSI;
import static dev.cutaway.tensor.machine.Ymm.Y0;
import static dev.cutaway.tensor.machine.Ymm.Y1;
import static dev.cutaway.tensor.machine.Ymm.Y10;
import static dev.cutaway.tensor.machine.Ymm.Y11;
import static dev.cutaway.tensor.machine.Ymm.Y12;
import static dev.cutaway.tensor.machine.Ymm.Y13;
import static dev.cutaway.tensor.machine.Ymm.Y14;
import static dev.cutaway.tensor.machine.Ymm.Y15;
import static dev.cutaway.tensor.machine.Ymm.Y2;
import static dev.cutaway.tensor.machine.Ymm.Y3;
import static dev.cutaway.tensor.machine.Ymm.Y4;
import static dev.cutaway.tensor.machine.Ymm.Y5;
import static dev.cutaway.tensor.machine.Ymm.Y6;
import static dev.cutaway.tensor.machine.Ymm.Y7;
import static dev.cutaway.tensor.machine.Ymm.Y8;
import static dev.cutaway.tensor.machine.Ymm.Y9;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Assembler.Relation;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * The machine code of functions of rows. Lengths are counted in eights of floats, at least one. The exponential is that of
 * {@link ScalarMath}, step by step.
 */
final class RowCode {
    private static final int WIDTH = 32;

    private RowCode() {}

    /** Emits a loop's body. */
    interface Body {
        void emit();
    }

    /** A loop of so many turns; the registers move on by 32 bytes. */
    static void loop(Assembler a, Gp count, Body body, Gp... moving) {
        Label start = a.here();
        body.emit();
        for (Gp r : moving) {
            a.add(r, WIDTH);
        }
        a.dec(count);
        a.jump(Condition.NOT_EQUAL, start);
    }

    static byte[] end(Assembler a) {
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** {@code f(a, b, y, eights)}: {@code y = a op b}. */
    static byte[] zip(Op op) {
        Assembler a = new Assembler();
        loop(
                a,
                RCX,
                () -> {
                    a.load(Y0, Mem.at(RDI));
                    a.op(op, Y0, Y0, Mem.at(RSI));
                    a.store(Mem.at(RDX), Y0);
                },
                RDI,
                RSI,
                RDX);
        return end(a);
    }

    /** {@code f(x, y, eights, factor)}: {@code y = factor * x}, or {@code y = y + factor * x}. */
    static byte[] scale(boolean add) {
        Assembler a = new Assembler();
        spread(a, Y1, RCX);
        loop(
                a,
                RDX,
                () -> {
                    a.load(Y0, Mem.at(RDI));
                    if (add) {
                        a.op(Op.FMA213, Y0, Y1, Mem.at(RSI));
                    } else {
                        a.op(Op.MUL, Y0, Y0, Y1);
                    }
                    a.store(Mem.at(RSI), Y0);
                },
                RDI,
                RSI);
        return end(a);
    }

    /** A float in the lower half of a register to all lanes. */
    static void spread(Assembler a, Ymm to, Gp from) {
        a.toVector(to, from);
        a.broadcast(to, to);
    }

    /** The sum of the lanes of v, halves onto halves, to the lowest lane; changes t. */
    static void fold(Assembler a, Op op, Ymm v, Ymm t) {
        a.upper(t, v);
        a.four(op, v, v, t);
        a.permute(t, v, 0b00_00_11_10);
        a.four(op, v, v, t);
        a.permute(t, v, 0b00_00_00_01);
        a.single(op, v, v, t);
    }

    /** {@code 1 / sqrt(v / width + eps)} of the lowest lane, to all; width in the lower, eps in the upper half of r. */
    private static void inverseRoot(Assembler a, Ymm v, Gp r, Ymm t) {
        a.toVector(t, r);
        a.single(Op.DIV, v, v, t);
        a.shr(r, 32);
        a.toVector(t, r);
        a.single(Op.ADD, v, v, t);
        a.sqrtSingle(v, v, v);
        a.load(t, a.floats(1));
        a.single(Op.DIV, v, t, v);
        a.broadcast(v, v);
    }

    /** {@code f(x, weight, y, eights, width | eps << 32, offset)}: RMS norm of one row. */
    static byte[] rmsNorm() {
        Assembler a = new Assembler();
        a.mov(R10, RDI);
        a.mov(R11, RCX);
        a.zero(Y0);
        loop(
                a,
                R11,
                () -> {
                    a.load(Y1, Mem.at(R10));
                    a.op(Op.FMA231, Y0, Y1, Y1);
                },
                R10);
        fold(a, Op.ADD, Y0, Y1);
        inverseRoot(a, Y0, R8, Y1);
        spread(a, Y2, R9);
        loop(
                a,
                RCX,
                () -> {
                    a.op(Op.MUL, Y1, Y0, Mem.at(RDI));
                    a.op(Op.ADD, Y3, Y2, Mem.at(RSI));
                    a.op(Op.MUL, Y1, Y1, Y3);
                    a.store(Mem.at(RDX), Y1);
                },
                RDI,
                RSI,
                RDX);
        return end(a);
    }

    /** {@code f(x, weight, bias, y, eights, width | eps << 32)}: layer norm of one row. */
    static byte[] layerNorm() {
        Assembler a = new Assembler();
        a.mov(R10, RDI);
        a.mov(R11, R8);
        a.zero(Y0);
        loop(a, R11, () -> a.op(Op.ADD, Y0, Y0, Mem.at(R10)), R10);
        fold(a, Op.ADD, Y0, Y1);
        a.toVector(Y1, R9);
        a.single(Op.DIV, Y0, Y0, Y1);
        a.broadcast(Y4, Y0); // the mean
        a.mov(R10, RDI);
        a.mov(R11, R8);
        a.zero(Y0);
        loop(
                a,
                R11,
                () -> {
                    a.load(Y1, Mem.at(R10));
                    a.op(Op.SUB, Y1, Y1, Y4);
                    a.op(Op.FMA231, Y0, Y1, Y1);
                },
                R10);
        fold(a, Op.ADD, Y0, Y1);
        inverseRoot(a, Y0, R9, Y1);
        loop(
                a,
                R8,
                () -> {
                    a.load(Y1, Mem.at(RDI));
                    a.op(Op.SUB, Y1, Y1, Y4);
                    a.op(Op.MUL, Y1, Y1, Y0);
                    a.load(Y2, Mem.at(RSI));
                    a.op(Op.FMA213, Y1, Y2, Mem.at(RDX));
                    a.store(Mem.at(RCX), Y1);
                },
                RDI,
                RSI,
                RDX,
                RCX);
        return end(a);
    }

    /** The bounds that {@link #exp} expects in Y14 and Y15. */
    static void bounds(Assembler a) {
        a.load(Y14, a.floats(ScalarMath.EXP_MIN));
        a.load(Y15, a.floats(ScalarMath.EXP_MAX));
    }

    /** {@code z = e^z}; changes t, m and f. */
    static void exp(Assembler a, Ymm z, Ymm t, Ymm m, Ymm f) {
        a.op(Op.MAX, z, Y14, z); // in this order a NaN stays one
        a.op(Op.MIN, z, Y15, z);
        a.load(t, a.floats(ScalarMath.LOG2_E));
        a.op(Op.FMA213, t, z, a.floats(ScalarMath.ROUND));
        a.op(Op.SUB, m, t, a.floats(ScalarMath.ROUND));
        a.move(f, z);
        a.op(Op.FMA231, f, m, a.floats(-ScalarMath.LN2_HIGH));
        a.op(Op.FMA231, f, m, a.floats(-ScalarMath.LN2_LOW));
        a.load(z, a.floats(ScalarMath.E6));
        a.op(Op.FMA213, z, f, a.floats(ScalarMath.E5));
        a.op(Op.FMA213, z, f, a.floats(ScalarMath.E4));
        a.op(Op.FMA213, z, f, a.floats(ScalarMath.E3));
        a.op(Op.FMA213, z, f, a.floats(ScalarMath.E2));
        a.op(Op.FMA213, z, f, a.floats(1));
        a.op(Op.FMA213, z, f, a.floats(1));
        a.op(Op.PSUB, t, t, a.ints(ScalarMath.ROUND_BITS));
        a.shiftSigned(m, t, 1);
        a.op(Op.PSUB, t, t, m);
        a.op(Op.PADD, m, m, a.ints(127));
        a.shiftLeft(m, m, 23);
        a.op(Op.MUL, z, z, m);
        a.op(Op.PADD, t, t, a.ints(127));
        a.shiftLeft(t, t, 23);
        a.op(Op.MUL, z, z, t);
    }

    /**
     * {@code f(x, up, y, eights, c1 | c3 << 32)}: {@code y = x * sigmoid(x * (c1 + c3 x^2))}, times {@code up} if the function
     * is made for it.
     */
    static byte[] gated(boolean product) {
        Assembler a = new Assembler();
        spread(a, Y12, R8);
        a.shr(R8, 32);
        spread(a, Y13, R8);
        bounds(a);
        a.load(Y10, a.floats(-ScalarMath.GATE_LIMIT));
        a.load(Y11, a.floats(ScalarMath.GATE_LIMIT));
        loop(
                a,
                RCX,
                () -> {
                    a.load(Y4, Mem.at(RDI));
                    a.op(Op.MAX, Y5, Y10, Y4);
                    a.op(Op.MIN, Y5, Y11, Y5);
                    a.op(Op.MUL, Y0, Y5, Y5);
                    a.op(Op.FMA213, Y0, Y13, Y12);
                    a.op(Op.MUL, Y0, Y0, Y5);
                    a.op(Op.XOR, Y0, Y0, a.ints(SIGN));
                    exp(a, Y0, Y1, Y2, Y3);
                    a.op(Op.ADD, Y0, Y0, a.floats(1));
                    a.op(Op.DIV, Y0, Y4, Y0);
                    if (product) {
                        a.op(Op.MUL, Y0, Y0, Mem.at(RSI));
                    }
                    a.store(Mem.at(RDX), Y0);
                },
                RDI,
                RSI,
                RDX);
        return end(a);
    }

    private static final int SIGN = 1 << 31;

    /** Functions of one number. */
    enum Function {
        EXP,
        RELU,
        SIGMOID,
        TANH,
        GELU_ERF,
        /** {@code cap * tanh(x / cap)}. */
        SOFT_CAP
    }

    /** {@code f(x, y, eights, cap)}: {@code y = function(x)}. */
    static byte[] unary(Function function) {
        Assembler a = new Assembler();
        bounds(a);
        if (function == Function.SOFT_CAP) {
            spread(a, Y13, RCX);
        }
        loop(
                a,
                RDX,
                () -> {
                    a.load(Y4, Mem.at(RDI));
                    switch (function) {
                        case EXP -> {
                            a.move(Y0, Y4);
                            exp(a, Y0, Y1, Y2, Y3);
                        }
                        case RELU -> {
                            a.zero(Y1);
                            a.op(Op.MAX, Y0, Y1, Y4); // in this order a NaN stays one
                            a.op(Op.ADD, Y0, Y0, Y1); // and -0 becomes 0
                        }
                        case SIGMOID -> {
                            a.op(Op.XOR, Y0, Y4, a.ints(SIGN));
                            exp(a, Y0, Y1, Y2, Y3);
                            a.op(Op.ADD, Y0, Y0, a.floats(1));
                            a.load(Y1, a.floats(1));
                            a.op(Op.DIV, Y0, Y1, Y0);
                        }
                        case TANH -> tanh(a);
                        case SOFT_CAP -> {
                            a.op(Op.DIV, Y4, Y4, Y13);
                            tanh(a);
                            a.op(Op.MUL, Y0, Y0, Y13);
                        }
                        case GELU_ERF -> geluErf(a);
                    }
                    a.store(Mem.at(RSI), Y0);
                },
                RDI,
                RSI);
        return end(a);
    }

    /** {@code Y0 = tanh(Y4)}. */
    static void tanh(Assembler a) {
        a.op(Op.AND, Y5, Y4, a.ints(~SIGN));
        a.op(Op.ADD, Y0, Y5, Y5);
        exp(a, Y0, Y1, Y2, Y3);
        a.op(Op.ADD, Y0, Y0, a.floats(1));
        a.load(Y1, a.floats(1));
        a.op(Op.DIV, Y0, Y1, Y0);
        a.load(Y1, a.floats(-2));
        a.op(Op.FMA213, Y0, Y1, a.floats(1));
        a.op(Op.AND, Y1, Y4, a.ints(SIGN));
        a.op(Op.OR, Y0, Y0, Y1);
        a.op(Op.MUL, Y2, Y4, Y4);
        a.load(Y3, a.floats(ScalarMath.T4));
        a.op(Op.FMA213, Y3, Y2, a.floats(ScalarMath.T3));
        a.op(Op.FMA213, Y3, Y2, a.floats(ScalarMath.T2));
        a.op(Op.FMA213, Y3, Y2, a.floats(ScalarMath.T1));
        a.op(Op.MUL, Y3, Y3, Y2);
        a.op(Op.FMA213, Y3, Y4, Y4);
        choose(a, Relation.GREATER_EQUAL, ScalarMath.TANH_SMALL);
    }

    /** {@code Y0 = Y5 relation limit ? Y0 : Y3}. */
    private static void choose(Assembler a, Relation relation, float limit) {
        a.compare(relation, Y5, Y5, a.floats(limit));
        a.op(Op.AND, Y0, Y5, Y0);
        a.op(Op.AND_NOT, Y3, Y5, Y3);
        a.op(Op.OR, Y0, Y0, Y3);
    }

    /** {@code Y0 = Y4 / 2 * (1 + erf(Y4 / sqrt(2)))}. */
    private static void geluErf(Assembler a) {
        onePlusErf(a);
        a.op(Op.MUL, Y4, Y4, a.floats(0.5f));
        a.op(Op.MUL, Y0, Y4, Y0);
    }

    /** {@code Y0 = 1 + erf(Y4 / sqrt(2))}. */
    static void onePlusErf(Assembler a) {
        a.op(Op.MUL, Y6, Y4, a.floats(ScalarMath.ROOT_HALF));
        a.op(Op.AND, Y5, Y6, a.ints(~SIGN));
        a.op(Op.MUL, Y7, Y6, Y6);
        a.load(Y0, a.floats(ScalarMath.L6));
        a.op(Op.FMA213, Y0, Y5, a.floats(ScalarMath.L5));
        a.load(Y1, a.floats(ScalarMath.L4));
        a.op(Op.FMA213, Y1, Y5, a.floats(ScalarMath.L3));
        a.op(Op.FMA213, Y0, Y7, Y1);
        a.op(Op.FMA213, Y0, Y5, a.floats(ScalarMath.L2));
        a.op(Op.FMA213, Y0, Y5, a.floats(ScalarMath.L1));
        a.op(Op.FMA213, Y0, Y5, a.floats(ScalarMath.L0));
        a.op(Op.XOR, Y1, Y5, a.ints(SIGN));
        a.op(Op.FMA213, Y0, Y5, Y1);
        exp(a, Y0, Y1, Y2, Y3);
        a.load(Y1, a.floats(1));
        a.op(Op.SUB, Y0, Y1, Y0);
        a.op(Op.AND, Y1, Y6, a.ints(SIGN));
        a.op(Op.OR, Y0, Y0, Y1);
        a.load(Y3, a.floats(ScalarMath.S6));
        a.op(Op.FMA213, Y3, Y7, a.floats(ScalarMath.S5));
        a.op(Op.FMA213, Y3, Y7, a.floats(ScalarMath.S4));
        a.op(Op.FMA213, Y3, Y7, a.floats(ScalarMath.S3));
        a.op(Op.FMA213, Y3, Y7, a.floats(ScalarMath.S2));
        a.op(Op.FMA213, Y3, Y7, a.floats(ScalarMath.S1));
        a.op(Op.FMA213, Y3, Y6, Y6);
        choose(a, Relation.GREATER, ScalarMath.ERF_SMALL);
        a.op(Op.ADD, Y0, Y0, a.floats(1));
    }

    /** {@code f(x, eights, shift)}: the bits of the sum of {@code e^(x - shift)}. */
    static byte[] sumExp() {
        Assembler a = new Assembler();
        spread(a, Y9, RDX);
        bounds(a);
        a.zero(Y7);
        loop(
                a,
                RSI,
                () -> {
                    a.load(Y0, Mem.at(RDI));
                    a.op(Op.SUB, Y0, Y0, Y9);
                    exp(a, Y0, Y1, Y2, Y3);
                    a.op(Op.ADD, Y7, Y7, Y0);
                },
                RDI);
        fold(a, Op.ADD, Y7, Y6);
        a.fromVector(RAX, Y7);
        return end(a);
    }

    /** {@code f(a, b, eights)}: the bits of {@code sum(a * b)}. */
    static byte[] dot() {
        Assembler a = new Assembler();
        a.zero(Y0);
        loop(
                a,
                RDX,
                () -> {
                    a.load(Y1, Mem.at(RDI));
                    a.op(Op.FMA231, Y0, Y1, Mem.at(RSI));
                },
                RDI,
                RSI);
        fold(a, Op.ADD, Y0, Y1);
        a.fromVector(RAX, Y0);
        return end(a);
    }

    /** {@code f(x, y, eights, scale)}: the softmax of {@code scale * x}. */
    static byte[] softmax() {
        Assembler a = new Assembler();
        spread(a, Y8, RCX);
        a.load(Y9, a.floats(Float.NEGATIVE_INFINITY));
        a.mov(R10, RDI);
        a.mov(R11, RDX);
        loop(
                a,
                R11,
                () -> {
                    a.op(Op.MUL, Y0, Y8, Mem.at(R10));
                    a.op(Op.MAX, Y9, Y9, Y0);
                },
                R10);
        fold(a, Op.MAX, Y9, Y0);
        a.broadcast(Y9, Y9);
        bounds(a);
        a.zero(Y7);
        a.mov(R10, RSI);
        a.mov(R11, RDX);
        loop(
                a,
                R11,
                () -> {
                    a.op(Op.MUL, Y0, Y8, Mem.at(RDI));
                    a.op(Op.SUB, Y0, Y0, Y9);
                    exp(a, Y0, Y1, Y2, Y3);
                    a.op(Op.ADD, Y7, Y7, Y0);
                    a.store(Mem.at(R10), Y0);
                },
                RDI,
                R10);
        fold(a, Op.ADD, Y7, Y6);
        a.load(Y0, a.floats(1));
        a.single(Op.DIV, Y0, Y0, Y7);
        a.broadcast(Y0, Y0);
        loop(
                a,
                RDX,
                () -> {
                    a.op(Op.MUL, Y1, Y0, Mem.at(RSI));
                    a.store(Mem.at(RSI), Y1);
                },
                RSI);
        return end(a);
    }

    /** {@code f(x, eights)}: the bits of the greatest. */
    static byte[] max() {
        Assembler a = new Assembler();
        a.load(Y0, a.floats(Float.NEGATIVE_INFINITY));
        loop(a, RSI, () -> a.op(Op.MAX, Y0, Y0, Mem.at(RDI)), RDI);
        fold(a, Op.MAX, Y0, Y1);
        a.fromVector(RAX, Y0);
        return end(a);
    }

    /** {@code f(x, eights, value)}: how many floats stand before the first that equals the value; -1 if none does. */
    static byte[] find() {
        Assembler a = new Assembler();
        Label found = new Label();
        spread(a, Y0, RDX);
        a.mov(R10, RDI);
        Label loop = a.here();
        a.compare(Relation.EQUAL, Y1, Y0, Mem.at(RDI));
        a.signs(RAX, Y1);
        a.test(RAX);
        a.jump(Condition.NOT_EQUAL, found);
        a.add(RDI, WIDTH);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.mov(RAX, -1);
        a.zeroUpper();
        a.ret();
        a.set(found);
        a.tzcnt(RAX, RAX);
        a.sub(RDI, R10);
        a.shr(RDI, 2);
        a.add(RAX, RDI);
        return end(a);
    }

    /** {@code f(x, cos, sin, heads, bytes of the pairs' first halves, bytes of a head)}: halves turned in place. */
    static byte[] rotate() {
        Assembler a = new Assembler();
        Label head = a.here();
        a.mov(R10, 0);
        Label pair = a.here();
        a.lea(RAX, Mem.at(RDI, R8, 1, 0));
        a.load(Y0, Mem.at(RDI, R10, 1, 0));
        a.load(Y1, Mem.at(RAX, R10, 1, 0));
        a.load(Y2, Mem.at(RSI, R10, 1, 0));
        a.load(Y3, Mem.at(RDX, R10, 1, 0));
        a.op(Op.MUL, Y4, Y1, Y3);
        a.op(Op.XOR, Y4, Y4, a.ints(SIGN));
        a.op(Op.FMA231, Y4, Y0, Y2);
        a.store(Mem.at(RDI, R10, 1, 0), Y4);
        a.op(Op.MUL, Y4, Y0, Y3);
        a.op(Op.FMA231, Y4, Y1, Y2);
        a.store(Mem.at(RAX, R10, 1, 0), Y4);
        a.add(R10, WIDTH);
        a.cmp(R10, R8);
        a.jump(Condition.NOT_EQUAL, pair);
        a.add(RDI, R9);
        a.dec(RCX);
        a.jump(Condition.NOT_EQUAL, head);
        return end(a);
    }
}
