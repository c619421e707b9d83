package dev.cutaway.cli;

/** The {@code cutaway} command. */
public final class Main {
    private Main() {}

    /** Runs the command and ends the process with its exit code. */
    public static void main(String[] args) {
        System.out.println("Cutaway 0.1.0-SNAPSHOT");
    }
}
