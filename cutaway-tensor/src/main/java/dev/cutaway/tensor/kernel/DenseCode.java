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

/** The machine code of {@link DenseKernels}, apart from the products' own ({@link ProductCode#tiles}). Lengths are counted in eights of floats. */
final class DenseCode {
    private static final int SIGN = 1 << 31;
    private static final float BELL = 0.3989422804f;

    private DenseCode() {}

    /** {@code f(from, to, rows, bytes from row to row, bytes from row to row of the copy, eights)}: rows to closer ones. */
    static byte[] copyRows() {
        Assembler a = new Assembler();
        Label row = a.here();
        a.mov(RAX, RDI);
        a.mov(R10, RSI);
        a.mov(R11, R9);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.load(Y0, Mem.at(RAX));
                    a.store(Mem.at(R10), Y0);
                },
                RAX,
                R10);
        a.add(RDI, RCX);
        a.add(RSI, R8);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /**
     * {@code f(from, to, rows, bytes from row to row, strips, bytes from strip to strip of the copy)}: rows cut into strips of 6 or 16 floats, each
     * strip's rows side by side. Of six, eight are read and written; the next row takes the place of the two.
     */
    static byte[] strips(int floats) {
        Assembler a = new Assembler();
        Label row = a.here();
        a.mov(RAX, RDI);
        a.mov(R10, RSI);
        a.mov(R11, R8);
        Label strip = a.here();
        a.load(Y0, Mem.at(RAX));
        if (floats > 8) {
            a.load(Y1, Mem.at(RAX, 32));
        }
        a.store(Mem.at(R10), Y0);
        if (floats > 8) {
            a.store(Mem.at(R10, 32), Y1);
        }
        a.add(RAX, 4 * floats);
        a.add(R10, R9);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, strip);
        a.add(RDI, RCX);
        a.add(RSI, 4 * floats);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /**
     * {@code f(from, to, fours of columns, bytes from row to row)}: eight rows' columns, each column's eight numbers to eight neighbouring
     * floats of a row of sixteen.
     */
    static byte[] turnEight() {
        Assembler a = new Assembler();
        a.lea(R8, Mem.at(RCX, RCX, 2, 0)); // three rows
        a.lea(R9, Mem.at(RDI, RCX, 4, 0)); // the fifth row
        Label four = a.here();
        for (int i = 0; i < 4; i++) {
            Ymm v = Ymm.of(i);
            a.loadLower(v, rowOf(RDI, i));
            a.withUpper(v, v, rowOf(R9, i));
        }
        a.op(Op.UNPACK_LOW, Y4, Y0, Y1);
        a.op(Op.UNPACK_HIGH, Y5, Y0, Y1);
        a.op(Op.UNPACK_LOW, Y6, Y2, Y3);
        a.op(Op.UNPACK_HIGH, Y7, Y2, Y3);
        a.shuffle(Y0, Y4, Y6, 0x44);
        a.shuffle(Y1, Y4, Y6, 0xee);
        a.shuffle(Y2, Y5, Y7, 0x44);
        a.shuffle(Y3, Y5, Y7, 0xee);
        for (int i = 0; i < 4; i++) {
            a.store(Mem.at(RSI, 64 * i), Ymm.of(i));
        }
        a.add(RDI, 16);
        a.add(R9, 16);
        a.add(RSI, 256);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, four);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    private static Mem rowOf(Gp base, int i) {
        return switch (i) {
            case 0 -> Mem.at(base);
            case 3 -> Mem.at(base, R8, 1, 0);
            default -> Mem.at(base, RCX, i, 0);
        };
    }

    /** {@code f(x, dy, dx, eights, c1 | c3 << 32)}: {@code dx = dy * slope of x * sigmoid(x * (c1 + c3 x^2))}. */
    static byte[] gatedSlope() {
        Assembler a = new Assembler();
        RowCode.spread(a, Y12, R8);
        a.shr(R8, 32);
        RowCode.spread(a, Y13, R8);
        RowCode.bounds(a);
        a.load(Y10, a.floats(-ScalarMath.GATE_LIMIT));
        a.load(Y11, a.floats(ScalarMath.GATE_LIMIT));
        a.op(Op.MUL, Y9, Y13, a.floats(3));
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.load(Y4, Mem.at(RDI));
                    a.op(Op.MAX, Y4, Y10, Y4);
                    a.op(Op.MIN, Y4, Y11, Y4);
                    a.op(Op.MUL, Y5, Y4, Y4);
                    a.move(Y0, Y5);
                    a.op(Op.FMA213, Y0, Y13, Y12);
                    a.op(Op.MUL, Y0, Y0, Y4);
                    a.op(Op.XOR, Y0, Y0, a.ints(SIGN));
                    RowCode.exp(a, Y0, Y1, Y2, Y3);
                    a.op(Op.ADD, Y0, Y0, a.floats(1));
                    a.load(Y1, a.floats(1));
                    a.op(Op.DIV, Y0, Y1, Y0); // s
                    a.op(Op.FMA213, Y5, Y9, Y12); // u'
                    a.op(Op.SUB, Y1, Y1, Y0);
                    a.op(Op.MUL, Y4, Y4, Y0);
                    a.op(Op.MUL, Y4, Y4, Y1);
                    a.op(Op.FMA213, Y4, Y5, Y0);
                    a.op(Op.MUL, Y4, Y4, Mem.at(RSI));
                    a.store(Mem.at(RDX), Y4);
                },
                RDI,
                RSI,
                RDX);
        return RowCode.end(a);
    }

    /** {@code f(x, dy, dx, eights)}: {@code dx = dy * function'(x)}, for those that no gate is. */
    static byte[] slope(Activation function) {
        Assembler a = new Assembler();
        RowCode.bounds(a);
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.load(Y4, Mem.at(RDI));
                    switch (function) {
                        case RELU -> {
                            a.zero(Y0);
                            a.compare(Relation.LESS, Y0, Y0, Mem.at(RDI));
                            a.op(Op.AND, Y0, Y0, Mem.at(RSI));
                        }
                        case GELU_ERF -> erf(a);
                        case SIGMOID -> {
                            a.op(Op.XOR, Y0, Y4, a.ints(SIGN));
                            RowCode.exp(a, Y0, Y1, Y2, Y3);
                            a.op(Op.ADD, Y0, Y0, a.floats(1));
                            a.load(Y1, a.floats(1));
                            a.op(Op.DIV, Y0, Y1, Y0);
                            a.op(Op.SUB, Y1, Y1, Y0);
                            a.op(Op.MUL, Y0, Y0, Y1);
                        }
                        case TANH -> {
                            RowCode.tanh(a);
                            a.op(Op.MUL, Y0, Y0, Y0);
                            a.load(Y1, a.floats(1));
                            a.op(Op.SUB, Y0, Y1, Y0);
                        }
                        default -> throw new IllegalArgumentException("no machine code for the slope of " + function);
                    }
                    if (function != Activation.RELU) {
                        a.op(Op.MUL, Y0, Y0, Mem.at(RSI));
                    }
                    a.store(Mem.at(RDX), Y0);
                },
                RDI,
                RSI,
                RDX);
        return RowCode.end(a);
    }

    /** {@code Y0 = (1 + erf(x / sqrt 2)) / 2 + x * bell(x)} of x in Y4. */
    private static void erf(Assembler a) {
        RowCode.onePlusErf(a);
        a.op(Op.MUL, Y7, Y0, a.floats(0.5f));
        a.op(Op.MUL, Y0, Y4, a.floats(-0.5f));
        a.op(Op.MUL, Y0, Y0, Y4);
        RowCode.exp(a, Y0, Y1, Y2, Y3);
        a.op(Op.MUL, Y4, Y4, a.floats(BELL));
        a.op(Op.FMA213, Y0, Y4, Y7);
    }

    /** Places of the numbers that {@link #normBack} finds at the address it is given. */
    static final int X = 0;

    static final int DY = 8;
    static final int GAIN = 16;
    static final int DX = 24;
    static final int D_GAIN = 32;
    static final int D_BIAS = 40;
    static final int EIGHTS = 48;
    /** The width as a float. */
    static final int WIDTH = 56;

    static final int EPS = 60;
    static final int OFFSET = 64;

    /** Bytes of these numbers. */
    static final int NORM_ARGUMENTS = 96;

    /** {@code f(address of the arguments)}: back through the norm of one row; see {@link DenseKernels#normBack}. */
    static byte[] normBack(boolean rms) {
        Assembler a = new Assembler();
        statistics(a, rms);
        // Y4 mean, Y5 1 / deviation, Y6 offset of the gain; Y7 sum of g, Y8 sum of g * normal
        a.broadcast(Y6, Mem.at(RDI, OFFSET));
        a.zero(Y7);
        a.zero(Y8);
        start(a);
        a.mov(RDX, Mem.at(RDI, GAIN));
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.op(Op.ADD, Y1, Y6, Mem.at(RDX));
                    a.op(Op.MUL, Y1, Y1, Mem.at(RSI));
                    if (!rms) {
                        a.op(Op.ADD, Y7, Y7, Y1);
                    }
                    normal(a, rms);
                    a.op(Op.FMA231, Y8, Y1, Y2);
                },
                RAX,
                RSI,
                RDX);
        RowCode.fold(a, Op.ADD, Y7, Y0);
        RowCode.fold(a, Op.ADD, Y8, Y0);
        a.broadcast(Y0, Mem.at(RDI, WIDTH));
        a.single(Op.DIV, Y7, Y7, Y0);
        a.single(Op.DIV, Y8, Y8, Y0);
        a.broadcast(Y7, Y7);
        a.broadcast(Y8, Y8);
        Label noGain = new Label();
        Label noBias = new Label();
        start(a);
        a.mov(R8, Mem.at(RDI, D_GAIN));
        a.test(R8);
        a.jump(Condition.EQUAL, noGain);
        RowCode.loop(
                a,
                RCX,
                () -> {
                    normal(a, rms);
                    a.load(Y1, Mem.at(RSI));
                    a.op(Op.FMA213, Y1, Y2, Mem.at(R8));
                    a.store(Mem.at(R8), Y1);
                },
                RAX,
                RSI,
                R8);
        a.set(noGain);
        start(a);
        a.mov(R9, Mem.at(RDI, D_BIAS));
        a.test(R9);
        a.jump(Condition.EQUAL, noBias);
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.load(Y1, Mem.at(RSI));
                    a.op(Op.ADD, Y1, Y1, Mem.at(R9));
                    a.store(Mem.at(R9), Y1);
                },
                RSI,
                R9);
        a.set(noBias);
        start(a);
        a.mov(RDX, Mem.at(RDI, GAIN));
        a.mov(R10, Mem.at(RDI, DX));
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.op(Op.ADD, Y1, Y6, Mem.at(RDX));
                    a.op(Op.MUL, Y1, Y1, Mem.at(RSI));
                    if (!rms) {
                        a.op(Op.SUB, Y1, Y1, Y7);
                    }
                    normal(a, rms);
                    a.op(Op.MUL, Y2, Y2, Y8);
                    a.op(Op.SUB, Y1, Y1, Y2);
                    a.op(Op.MUL, Y1, Y1, Y5);
                    a.store(Mem.at(R10), Y1);
                },
                RAX,
                RSI,
                RDX,
                R10);
        return RowCode.end(a);
    }

    /** RAX x, RSI dy, RCX eights. */
    private static void start(Assembler a) {
        a.mov(RAX, Mem.at(RDI, X));
        a.mov(RSI, Mem.at(RDI, DY));
        a.mov(RCX, Mem.at(RDI, EIGHTS));
    }

    /** {@code Y2 = (x - mean) / deviation}. */
    private static void normal(Assembler a, boolean rms) {
        a.load(Y2, Mem.at(RAX));
        if (!rms) {
            a.op(Op.SUB, Y2, Y2, Y4);
        }
        a.op(Op.MUL, Y2, Y2, Y5);
    }

    /** The mean to Y4 and one over the deviation to Y5. */
    private static void statistics(Assembler a, boolean rms) {
        a.broadcast(Y3, Mem.at(RDI, WIDTH));
        if (!rms) {
            start(a);
            a.zero(Y0);
            RowCode.loop(a, RCX, () -> a.op(Op.ADD, Y0, Y0, Mem.at(RAX)), RAX);
            RowCode.fold(a, Op.ADD, Y0, Y1);
            a.single(Op.DIV, Y0, Y0, Y3);
            a.broadcast(Y4, Y0);
        }
        start(a);
        a.zero(Y0);
        RowCode.loop(
                a,
                RCX,
                () -> {
                    a.load(Y1, Mem.at(RAX));
                    if (!rms) {
                        a.op(Op.SUB, Y1, Y1, Y4);
                    }
                    a.op(Op.FMA231, Y0, Y1, Y1);
                },
                RAX);
        RowCode.fold(a, Op.ADD, Y0, Y1);
        a.single(Op.DIV, Y0, Y0, Y3);
        a.broadcast(Y1, Mem.at(RDI, EPS));
        a.single(Op.ADD, Y0, Y0, Y1);
        a.sqrtSingle(Y0, Y0, Y0);
        a.load(Y1, a.floats(1));
        a.single(Op.DIV, Y0, Y1, Y0);
        a.broadcast(Y5, Y0);
    }

    /** {@code f(p, dp, rows, eights of a row, scale)}: {@code dp = scale * p * (dp - sum(p * dp))} of each row. */
    static byte[] softmaxBack() {
        Assembler a = new Assembler();
        RowCode.spread(a, Y3, R8);
        Label row = a.here();
        a.zero(Y0);
        a.mov(R10, RDI);
        a.mov(R11, RCX);
        a.mov(RAX, RSI);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.load(Y1, Mem.at(R10));
                    a.op(Op.FMA231, Y0, Y1, Mem.at(RAX));
                },
                R10,
                RAX);
        RowCode.fold(a, Op.ADD, Y0, Y1);
        a.broadcast(Y0, Y0);
        a.mov(R11, RCX);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.load(Y1, Mem.at(RSI));
                    a.op(Op.SUB, Y1, Y1, Y0);
                    a.op(Op.MUL, Y2, Y3, Mem.at(RDI));
                    a.op(Op.MUL, Y1, Y1, Y2);
                    a.store(Mem.at(RSI), Y1);
                },
                RDI,
                RSI);
        a.dec(RDX);
        a.jump(Condition.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /**
     * {@code f(p, rows, bytes from row to row, how many of the first row count, how many more of each next one, scale)}: the softmax of
     * {@code scale * p} over what counts of each row, zeros behind it up to the next row, which is a multiple of 32 bytes away.
     */
    static byte[] softmaxRows() {
        Assembler a = new Assembler();
        RowCode.spread(a, Y8, R9);
        RowCode.bounds(a);
        Label row = a.here();
        Label whole = new Label();
        Label summed = new Label();
        Label done = new Label();
        // R9 vectors that count at least partly; RAX the last one, if it counts partly, else 0; Y13 which of its lanes
        // do
        a.mov(R9, RCX);
        a.shr(R9, 3);
        a.mov(R10, R9);
        a.shl(R10, 3);
        a.mov(R11, RCX);
        a.sub(R11, R10);
        a.mov(RAX, 0);
        a.test(R11);
        a.jump(Condition.EQUAL, whole);
        a.toVector(Y13, R11);
        a.toFloats(Y13, Y13);
        a.broadcast(Y13, Y13);
        a.compare(Relation.GREATER, Y13, Y13, a.bytes(LANES));
        a.lea(RAX, Mem.at(RDI, R10, 4, 0));
        a.op(Op.AND, Y0, Y13, Mem.at(RAX));
        a.op(Op.AND_NOT, Y1, Y13, a.floats(Float.NEGATIVE_INFINITY));
        a.op(Op.OR, Y0, Y0, Y1);
        a.store(Mem.at(RAX), Y0);
        a.add(R9, 1);
        a.set(whole);
        a.load(Y9, a.floats(Float.NEGATIVE_INFINITY));
        a.mov(R10, RDI);
        a.mov(R11, R9);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.op(Op.MUL, Y0, Y8, Mem.at(R10));
                    a.op(Op.MAX, Y9, Y9, Y0);
                },
                R10);
        RowCode.fold(a, Op.MAX, Y9, Y0);
        a.broadcast(Y9, Y9);
        a.zero(Y7);
        a.mov(R10, RDI);
        a.mov(R11, R9);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.op(Op.MUL, Y0, Y8, Mem.at(R10));
                    a.op(Op.SUB, Y0, Y0, Y9);
                    RowCode.exp(a, Y0, Y1, Y2, Y3);
                    a.op(Op.ADD, Y7, Y7, Y0);
                    a.store(Mem.at(R10), Y0);
                },
                R10);
        RowCode.fold(a, Op.ADD, Y7, Y6);
        a.load(Y0, a.floats(1));
        a.single(Op.DIV, Y0, Y0, Y7);
        a.broadcast(Y0, Y0);
        a.mov(R10, RDI);
        a.mov(R11, R9);
        RowCode.loop(
                a,
                R11,
                () -> {
                    a.op(Op.MUL, Y1, Y0, Mem.at(R10));
                    a.store(Mem.at(R10), Y1);
                },
                R10);
        a.test(RAX);
        a.jump(Condition.EQUAL, summed);
        a.op(Op.AND, Y0, Y13, Mem.at(RAX));
        a.store(Mem.at(RAX), Y0);
        a.set(summed);
        a.mov(R11, RDX);
        a.shr(R11, 5);
        a.sub(R11, R9);
        a.jump(Condition.EQUAL, done);
        a.zero(Y0);
        RowCode.loop(a, R11, () -> a.store(Mem.at(R10), Y0), R10);
        a.set(done);
        a.add(RDI, RDX);
        a.add(RCX, R8);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, row);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    private static final byte[] LANES = lanes();

    private static byte[] lanes() {
        java.nio.ByteBuffer b = java.nio.ByteBuffer.allocate(32).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 8; i++) {
            b.putFloat(4 * i, i);
        }
        return b.array();
    }
}
