package dev.cutaway.tensor.machine;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Locale;

/**
 * Code in executable memory, called through the foreign-function interface. The memory is written first and made executable
 * afterwards, never both, and stays as long as the process. Every function takes six 64-bit numbers (mostly addresses) in
 * the registers RDI, RSI, RDX, RCX, R8, R9 and answers with RAX: the System V calling convention, which Linux and macOS
 * share; it may change RAX, RCX, RDX, RSI, RDI, R8 to R11 and all vector registers.
 */
@SuppressWarnings("restricted") // calling code that Java cannot check is what this class is for
public final class MachineCode {
    private static final int PROT_READ_WRITE = 3;
    private static final int PROT_READ_EXECUTE = 5;
    private static final int MAP_PRIVATE = 2;

    private static final MethodHandle CALL = handle();

    private final MemorySegment address;

    private MachineCode(MemorySegment address) {
        this.address = address;
    }

    private static MethodHandle handle() {
        MemoryLayout[] six = new MemoryLayout[6];
        Arrays.fill(six, ValueLayout.JAVA_LONG);
        return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_LONG, six));
    }

    /** Whether code for this kind of processor and calling convention can be run, and if not, why. */
    public static String obstacle() {
        String os = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String arch = System.getProperty("os.arch", "");
        if (!arch.equals("amd64") && !arch.equals("x86_64")) {
            return "machine code is there for x86-64 only, and this is " + arch;
        }
        if (!os.contains("linux") && !os.contains("mac")) {
            return "machine code is there for Linux and macOS only, and this is " + os;
        }
        if (!MachineCode.class.getModule().isNativeAccessEnabled()) {
            return "machine code needs native access; start java with --enable-native-access="
                    + (MachineCode.class.getModule().isNamed()
                            ? MachineCode.class.getModule().getName()
                            : "ALL-UNNAMED");
        }
        return "";
    }

    /**
     * Takes code into executable memory.
     *
     * @param code what {@link Assembler#finish} gave
     * @throws IllegalStateException if the operating system forbids it
     */
    public static MachineCode of(byte[] code) {
        boolean mac = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");
        int anonymous = mac ? 0x1000 : 0x20;
        long at = Pages.call("mmap", 0, code.length, PROT_READ_WRITE, MAP_PRIVATE | anonymous, -1, 0);
        if (at == -1) {
            throw new IllegalStateException("no memory for " + code.length + " bytes of machine code");
        }
        MemorySegment memory = MemorySegment.ofAddress(at).reinterpret(code.length);
        MemorySegment.copy(code, 0, memory, ValueLayout.JAVA_BYTE, 0, code.length);
        if ((int) Pages.call("mprotect", at, code.length, PROT_READ_EXECUTE, 0, 0, 0) != 0) {
            throw new IllegalStateException("the operating system forbids executable memory");
        }
        return new MachineCode(memory);
    }

    /** Calls the function. What its arguments point to must stay alive, and be large enough: nothing checks them here. */
    public long call(long a, long b, long c, long d, long e, long f) {
        return call(address, a, b, c, d, e, f);
    }

    /** Calls what begins at an address. */
    static long call(MemorySegment address, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) CALL.invokeExact(address, a, b, c, d, e, f);
        } catch (RuntimeException | Error t) {
            throw t;
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }

    /** Keeps what a call's arguments point to alive until here: called after the call, which does not throw. */
    @SuppressWarnings("ReachabilityFenceUsage")
    public static void keep(Object a) {
        Reference.reachabilityFence(a);
    }

    /** Keeps what a call's arguments point to alive until here: called after the call, which does not throw. */
    @SuppressWarnings("ReachabilityFenceUsage")
    public static void keep(Object a, Object b) {
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
    }

    /** Keeps what a call's arguments point to alive until here: called after the call, which does not throw. */
    @SuppressWarnings("ReachabilityFenceUsage")
    public static void keep(Object a, Object b, Object c) {
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
        Reference.reachabilityFence(c);
    }

    /** Keeps what a call's arguments point to alive until here: called after the call, which does not throw. */
    @SuppressWarnings("ReachabilityFenceUsage")
    public static void keep(Object a, Object b, Object c, Object d) {
        Reference.reachabilityFence(a);
        Reference.reachabilityFence(b);
        Reference.reachabilityFence(c);
        Reference.reachabilityFence(d);
    }
}
