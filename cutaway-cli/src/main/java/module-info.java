import org.jspecify.annotations.NullMarked;

/** The cutaway command. */
@NullMarked
module dev.cutaway.cli {
    requires static org.jspecify;
    requires dev.cutaway.inspect;
    requires dev.cutaway.train;
    requires com.fasterxml.jackson.databind;
    requires info.picocli;
    requires java.management;
    requires jdk.management;
    requires org.jline;

    opens dev.cutaway.cli to
            info.picocli;

    provides System.LoggerFinder with
            dev.cutaway.cli.Log;
}
