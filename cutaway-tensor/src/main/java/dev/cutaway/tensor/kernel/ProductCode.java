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
import static dev.cutaway.tensor.machine.Ymm.Y12;

import dev.cutaway.tensor.machine.Assembler;
import dev.cutaway.tensor.machine.Assembler.Condition;
import dev.cutaway.tensor.machine.Assembler.Op;
import dev.cutaway.tensor.machine.Gp;
import dev.cutaway.tensor.machine.Label;
import dev.cutaway.tensor.machine.Mem;
import dev.cutaway.tensor.machine.Ymm;

/**
 * The machine code of products with weights of floats for vectors of 256 bits. Each output is summed over the columns in order by fused
 * multiply-adds, as {@link MatrixKernels} says.
 */
final class ProductCode {
    private static final int ROW_BYTES = 4 * Layout.PANEL;

    private ProductCode() {}

    /**
     * One row times panels.
     *
     * <p>{@code f(panels, number of panels, x, y, units | add << 32, bias or 0)}: {@code y[32 * number] = panels * x (+ bias)
     * (+ y, if add)}. A unit is a word of two columns, or a column.
     */
    static byte[] dot(Layout layout) {
        Assembler a = new Assembler();
        Label panel = new Label();
        a.push(RBX);
        a.mov(RBX, R8);
        a.shr(RBX, 32); // whether to add
        a.shl(R8, 32);
        a.shr(R8, 32);
        a.set(panel);
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.zero(Ymm.of(g));
        }
        a.mov(R10, RDX);
        a.mov(R11, R8);
        if (layout == Layout.F32) {
            dotFloats(a);
        } else {
            dotHalves(a, layout, new BlockCode(a, layout, RDI));
        }
        finishRow(a);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, panel);
        a.pop(RBX);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    private static void dotFloats(Assembler a) {
        Label loop = a.here();
        a.broadcast(Ymm.Y8, Mem.at(R10));
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.op(Op.FMA231, Ymm.of(g), Ymm.Y8, Mem.at(RDI, 32 * g));
        }
        a.add(R10, 4);
        a.sub(RDI, -ROW_BYTES);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
    }

    private static void dotHalves(Assembler a, Layout layout, BlockCode block) {
        Label loop = a.here();
        if (layout == Layout.F16) { // where little is computed the processor looks ahead far enough itself
            a.prefetch(Mem.at(RDI, RoundedCode.AHEAD));
            a.prefetch(Mem.at(RDI, RoundedCode.AHEAD + ROW_BYTES / 2));
        }
        a.broadcast(Ymm.Y8, Mem.at(R10));
        a.broadcast(Ymm.Y9, Mem.at(R10, 4));
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.load(Y12, Mem.at(RDI, 32 * g));
            block.halfWord(Y12, true);
            a.op(Op.FMA231, Ymm.of(g), Ymm.Y13, Ymm.Y8);
            block.halfWord(Y12, false);
            a.op(Op.FMA231, Ymm.of(g), Ymm.Y13, Ymm.Y9);
        }
        a.add(R10, 8);
        a.sub(RDI, -ROW_BYTES);
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, loop);
    }

    /** Y0 to Y3, plus the bias at R9 and what is at RCX if asked for, to RCX; both move on. */
    static void finishRow(Assembler a) {
        Label noBias = new Label();
        Label noAdd = new Label();
        a.test(R9);
        a.jump(Condition.EQUAL, noBias);
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.op(Op.ADD, Ymm.of(g), Ymm.of(g), Mem.at(R9, 32 * g));
        }
        a.sub(R9, -ROW_BYTES);
        a.set(noBias);
        a.test(RBX);
        a.jump(Condition.EQUAL, noAdd);
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.op(Op.ADD, Ymm.of(g), Ymm.of(g), Mem.at(RCX, 32 * g));
        }
        a.set(noAdd);
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.store(Mem.at(RCX, 32 * g), Ymm.of(g));
        }
        a.sub(RCX, -ROW_BYTES);
    }

    /** From one half of a widened panel to the other: so many columns of sixteen floats, close together for the first cache. */
    static final int HALF_BYTES = MachineMatrix.DEPTH * ROW_BYTES / 2;

    /** Where a group's columns of a widened panel begin. */
    static int halfAt(int group) {
        return HALF_BYTES * (group / 2) + 32 * (group % 2);
    }

    /**
     * Widens columns of one panel.
     *
     * <p>{@code f(place in the panel, pairs of columns (of F32: columns), out)}: {@code out[2, 256, 16]}, one half of the panel
     * after the other.
     */
    static byte[] expand(Layout layout) {
        Assembler a = new Assembler();
        BlockCode block = new BlockCode(a, layout, RDI);
        Label loop = a.here();
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.load(Y12, Mem.at(RDI, 32 * g));
            if (layout == Layout.F32) {
                a.store(Mem.at(RDX, halfAt(g)), Y12);
            } else {
                block.halfWord(Y12, true);
                a.store(Mem.at(RDX, halfAt(g)), Ymm.Y13);
                block.halfWord(Y12, false);
                a.store(Mem.at(RDX, halfAt(g) + ROW_BYTES / 2), Ymm.Y13);
            }
        }
        a.sub(RDI, -ROW_BYTES);
        a.add(RDX, layout == Layout.F32 ? ROW_BYTES / 2 : ROW_BYTES);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** Places of the numbers that {@link #tiles} finds at the address it is given. */
    static final int X = 0;

    static final int X_STRIDE = 8;
    static final int W = 16;
    static final int W_STRIDE = 24;
    static final int Y = 32;
    static final int Y_STRIDE = 40;
    static final int DEPTH = 48;
    static final int TILES = 56;
    static final int BLOCKS = 64;
    static final int BLOCK_STRIDE = 72;
    static final int MORE = 80;
    /** Of a strided x: bytes from column to column, and from tile to tile. */
    static final int X_STEP = 88;

    static final int X_TILE = 96;
    /** Of products that may start from something else: bytes from y to what is there, and to a bias, or 0. */
    static final int PLUS = 104;

    static final int BIAS = 112;

    /** Bytes of these numbers. */
    static final int TILE_ARGUMENTS = 128;

    /**
     * Rows of x times weights that lie side by side, sixteen outputs at a time: {@code y[r, n] = sum over k of x[r, k] *
     * w[k, n]}, plus what y holds if MORE is not 0, as the start of the sum.
     *
     * <p>{@code f(address of the arguments)}: x and the bytes between its rows, w and the bytes between its columns k, y and
     * the bytes between its rows; how many k; how many tiles of rows; how many blocks of sixteen outputs, and the bytes
     * from one block of w to the next (those of y follow each other).
     *
     * @param rows of a tile, 1 to 6
     */
    static byte[] tiles(int rows) {
        return tiles(rows, false, false);
    }

    /**
     * The same, with more to be said.
     *
     * @param strided an x whose columns and tiles are some bytes apart, which further arguments say
     * @param starts the start of the sums lies PLUS bytes from y, in rows as far apart; and a row BIAS bytes from y is added if that is not 0
     */
    static byte[] tiles(int rows, boolean strided, boolean starts) {
        Assembler a = new Assembler();
        Gp[] saved = {RBX, RBP, R12, R13, R14, R15};
        for (Gp r : saved) {
            a.push(r);
        }
        // RDI arguments; RSI x of the tile; RDX w; RCX y; R8 x stride; R10 w stride; R11 k left; RAX x now;
        // RBP tiles left; R12 y stride; R13 blocks left; R14, R15 w and y of the block;
        // R9, RBX: one block: 3 * x stride and x now + 3 strides; several: block stride and w of the block after the
        // next
        a.mov(R8, Mem.at(RDI, X_STRIDE));
        a.mov(R10, Mem.at(RDI, W_STRIDE));
        a.mov(R12, Mem.at(RDI, Y_STRIDE));
        a.mov(R13, Mem.at(RDI, BLOCKS));
        a.mov(R14, Mem.at(RDI, W));
        a.mov(R15, Mem.at(RDI, Y));
        Label end = new Label();
        Label single = new Label();
        // One row has two sums to a block, too few for the latency of a multiply-add: several blocks at a time.
        int wide = strided ? 1 : rows == 1 ? 4 : rows <= 3 ? 2 : 1;
        if (wide > 1) {
            a.mov(R9, Mem.at(RDI, BLOCK_STRIDE));
            Label several = a.here();
            a.cmp(R13, wide);
            a.jump(Condition.LESS, single);
            blockOfTiles(a, rows, wide, false, starts);
            for (int i = 0; i < wide; i++) {
                a.add(R14, R9);
            }
            a.add(R15, 64 * wide);
            a.sub(R13, wide);
            a.jmp(several);
        }
        a.set(single);
        a.test(R13);
        a.jump(Condition.EQUAL, end);
        a.lea(R9, Mem.at(R8, R8, 2, 0));
        Label block = a.here();
        blockOfTiles(a, rows, 1, strided, starts);
        a.add(R14, Mem.at(RDI, BLOCK_STRIDE));
        a.add(R15, 64);
        a.dec(R13);
        a.jump(Condition.NOT_EQUAL, block);
        a.set(end);
        for (int i = saved.length - 1; i >= 0; i--) {
            a.pop(saved[i]);
        }
        a.zeroUpper();
        a.ret();
        return a.finish();
    }

    /** All tiles of one block of sixteen outputs, or of several side by side. Sums: row by row, block by block, halves. */
    private static void blockOfTiles(Assembler a, int rows, int blocks, boolean strided, boolean starts) {
        a.mov(RSI, Mem.at(RDI, X));
        a.mov(RCX, R15);
        a.mov(RBP, Mem.at(RDI, TILES));
        Label tile = a.here();
        Label fresh = new Label();
        Label begun = new Label();
        a.mov(RAX, Mem.at(RDI, MORE));
        a.test(RAX);
        a.jump(Condition.EQUAL, fresh);
        a.mov(RAX, RCX);
        if (starts) {
            a.add(RAX, Mem.at(RDI, PLUS));
        }
        rowsOfY(a, rows, blocks, true);
        a.jmp(begun);
        a.set(fresh);
        for (int i = 0; i < 2 * rows * blocks; i++) {
            a.zero(Ymm.of(i));
        }
        a.set(begun);
        if (starts) {
            bias(a, rows, blocks);
        }
        fetchRowsOfY(a, rows);
        a.mov(RDX, R14);
        a.mov(R11, Mem.at(RDI, DEPTH));
        a.mov(RAX, RSI);
        if (blocks == 1) {
            a.lea(RBX, Mem.at(RSI, R9, 1, 0));
        } else {
            a.lea(RBX, Mem.at(R14, R9, 2, 0));
        }
        a.align();
        Label k = a.here();
        if (blocks == 1) {
            a.load(Ymm.Y12, Mem.at(RDX));
            a.load(Ymm.Y13, Mem.at(RDX, 32));
            for (int r = 0; r < rows; r++) {
                Ymm x = Ymm.of(14 + r % 2);
                a.broadcast(x, row(r < 3 ? RAX : RBX, r % 3));
                a.op(Op.FMA231, Ymm.of(2 * r), x, Ymm.Y12);
                a.op(Op.FMA231, Ymm.of(2 * r + 1), x, Ymm.Y13);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                a.broadcast(Ymm.of(13 + r), row(RAX, r));
            }
            for (int i = 0; i < 2 * blocks; i++) {
                a.load(Ymm.Y12, blockAt(i / 2, i % 2));
                for (int r = 0; r < rows; r++) {
                    a.op(Op.FMA231, Ymm.of(2 * blocks * r + i), Ymm.of(13 + r), Ymm.Y12);
                }
            }
        }
        a.add(RDX, R10);
        if (strided) {
            a.add(RAX, Mem.at(RDI, X_STEP));
            a.add(RBX, Mem.at(RDI, X_STEP));
        } else {
            a.add(RAX, 4);
        }
        if (blocks == 1 && !strided) {
            a.add(RBX, 4);
        } else if (blocks > 1) {
            a.add(RBX, R10);
        }
        a.dec(R11);
        a.jump(Condition.NOT_EQUAL, k);
        a.mov(RAX, RCX);
        rowsOfY(a, rows, blocks, false);
        if (strided) {
            a.add(RSI, Mem.at(RDI, X_TILE));
        }
        for (int r = 0; r < rows; r++) {
            if (!strided) {
                a.add(RSI, R8);
            }
            a.add(RCX, R12);
        }
        a.dec(RBP);
        a.jump(Condition.NOT_EQUAL, tile);
    }

    /** Half of a block's sixteen weights for the present k: RDX is in the first block, RBX in the third. */
    private static Mem blockAt(int block, int half) {
        Gp base = block < 2 ? RDX : RBX;
        return block % 2 == 0 ? Mem.at(base, 32 * half) : Mem.at(base, R9, 1, 32 * half);
    }

    private static Mem row(Gp base, int r) {
        return r == 0 ? Mem.at(base) : Mem.at(base, R8, r, 0);
    }

    /** The next tile's sums so far are asked for while this one is multiplied. */
    private static void fetchRowsOfY(Assembler a, int rows) {
        a.mov(RAX, RCX);
        for (int r = 0; r < 2 * rows; r++) {
            if (r >= rows) {
                a.prefetch(Mem.at(RAX));
            }
            a.add(RAX, R12);
        }
    }

    /** A row of the blocks is added to every row of sums. */
    private static void bias(Assembler a, int rows, int blocks) {
        Label none = new Label();
        a.mov(RAX, Mem.at(RDI, BIAS));
        a.test(RAX);
        a.jump(Condition.EQUAL, none);
        a.add(RAX, R15);
        for (int i = 0; i < 2 * blocks; i++) {
            a.load(Ymm.Y12, Mem.at(RAX, 32 * i));
            for (int r = 0; r < rows; r++) {
                Ymm sum = Ymm.of(2 * blocks * r + i);
                a.op(Op.ADD, sum, sum, Ymm.Y12);
            }
        }
        a.set(none);
    }

    /** The sums of a tile from rows at RAX, or to them. */
    private static void rowsOfY(Assembler a, int rows, int blocks, boolean load) {
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < 2 * blocks; i++) {
                if (load) {
                    a.load(Ymm.of(2 * blocks * r + i), Mem.at(RAX, 32 * i));
                } else {
                    a.store(Mem.at(RAX, 32 * i), Ymm.of(2 * blocks * r + i));
                }
            }
            a.add(RAX, R12);
        }
    }

    /**
     * Takes sums to where they belong.
     *
     * <p>{@code f(sums, rows, unused, y, bytes between rows of y | add << 32, bias or 0)}: {@code y[r, 32] = sums[r, 32]
     * (+ bias) (+ y, if add)}.
     */
    static byte[] finish() {
        Assembler a = new Assembler();
        a.push(RBX);
        a.mov(RBX, R8);
        a.shr(RBX, 32);
        a.shl(R8, 32);
        a.shr(R8, 32);
        a.mov(R10, R9);
        a.mov(R11, RCX);
        Label loop = a.here();
        for (int g = 0; g < BlockCode.GROUPS; g++) {
            a.load(Ymm.of(g), Mem.at(RDI, 32 * g));
        }
        a.mov(R9, R10);
        a.mov(RCX, R11);
        finishRow(a);
        a.sub(RDI, -ROW_BYTES);
        a.add(R11, R8);
        a.dec(RSI);
        a.jump(Condition.NOT_EQUAL, loop);
        a.pop(RBX);
        a.zeroUpper();
        a.ret();
        return a.finish();
    }
}
