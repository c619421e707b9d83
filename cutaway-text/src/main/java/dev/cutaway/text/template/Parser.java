package dev.cutaway.text.template;

import dev.cutaway.text.template.Stmt.Target;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the statements of a template. */
final class Parser {
    private static final Set<String> FILES = Set.of("include", "import", "from", "extends");

    private final TokenStream in;
    private final ExprParser expressions;
    private int loops;

    private Parser(TokenStream in) {
        this.in = in;
        this.expressions = new ExprParser(in);
    }

    static List<Stmt> parse(String source) {
        Parser parser = new Parser(new TokenStream(Lexer.tokens(source)));
        return parser.body(List.of());
    }

    /** Statements up to a block that starts with one of the names, which stays the current token. */
    private List<Stmt> body(List<String> ends) {
        in.enter();
        int opened = in.current().line();
        List<Stmt> body = new ArrayList<>();
        while (true) {
            Token token = in.current();
            switch (token.type()) {
                case DATA -> body.add(new Stmt.Text(in.next().text()));
                case VARIABLE_BEGIN -> {
                    in.next();
                    body.add(new Stmt.Output(expressions.tuple(false, true, "")));
                    in.expect(Token.Type.VARIABLE_END);
                }
                case BLOCK_BEGIN -> {
                    in.next();
                    Token name = in.current();
                    if (name.type() == Token.Type.NAME && ends.contains(name.text())) {
                        in.leave();
                        return body;
                    }
                    statement(name, body);
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw new TemplateSyntax(
                                opened, "the block opened here is never closed by '" + ends.getLast() + "'");
                    }
                    in.leave();
                    return body;
                }
            }
        }
    }

    private List<Stmt> bodyAfterTag(String... ends) {
        in.skip(":");
        in.expect(Token.Type.BLOCK_END);
        return body(List.of(ends));
    }

    private List<Stmt> wholeBody(String end) {
        List<Stmt> body = bodyAfterTag(end);
        in.next();
        in.expect(Token.Type.BLOCK_END);
        return body;
    }

    private void statement(Token name, List<Stmt> body) {
        if (name.type() != Token.Type.NAME) {
            throw in.failure("expected a statement's name, found " + name.shown());
        }
        in.next();
        switch (name.text()) {
            case "if" -> body.add(conditional());
            case "for" -> body.add(loop(name.line()));
            case "set" -> body.add(assignment(name.line()));
            case "macro" -> body.add(macro(name.line()));
            case "call" -> body.add(call(name.line()));
            case "filter" -> {
                Expr filtered = filters(expressions.filter(new Expr.Captured(name.line())));
                body.add(new Stmt.Filter(filtered, wholeBody("endfilter")));
            }
            case "with" -> body.add(with(name.line()));
            case "generation" -> body.add(new Stmt.Scope(wholeBody("endgeneration")));
            case "autoescape" -> {
                expressions.expression();
                body.add(new Stmt.Scope(wholeBody("endautoescape")));
            }
            case "block" -> {
                String block = in.expect(Token.Type.NAME).text();
                List<Stmt> inner = bodyAfterTag("endblock");
                in.next();
                in.skipName(block);
                in.expect(Token.Type.BLOCK_END);
                body.add(new Stmt.Scope(inner));
            }
            case "print" -> print(body);
            case "break", "continue" -> {
                if (loops == 0) {
                    throw new TemplateSyntax(name.line(), "'" + name.text() + "' outside a loop");
                }
                in.expect(Token.Type.BLOCK_END);
                body.add(name.text().equals("break") ? new Stmt.Break() : new Stmt.Continue());
            }
            default ->
                throw new TemplateSyntax(
                        name.line(),
                        FILES.contains(name.text())
                                ? "'" + name.text() + "' reads other files, which a chat template may not"
                                : "unknown statement '" + name.text() + "'");
        }
    }

    private void print(List<Stmt> body) {
        do {
            body.add(new Stmt.Output(expressions.expression()));
        } while (in.skip(","));
        in.expect(Token.Type.BLOCK_END);
    }

    private Stmt conditional() {
        List<Stmt.Branch> branches = new ArrayList<>();
        List<Stmt> otherwise = List.of();
        while (true) {
            Expr test = expressions.tuple(false, false, "");
            branches.add(new Stmt.Branch(test, bodyAfterTag("elif", "else", "endif")));
            String end = in.next().text();
            if (end.equals("elif")) {
                continue;
            }
            if (end.equals("else")) {
                otherwise = bodyAfterTag("endif");
                in.next();
            }
            in.expect(Token.Type.BLOCK_END);
            return new Stmt.If(branches, otherwise);
        }
    }

    private Stmt loop(int line) {
        Target target = target("in", false);
        in.expectName("in");
        Expr items = expressions.tuple(false, false, "recursive");
        Expr test = in.skipName("if") ? expressions.expression() : null;
        boolean recursive = in.skipName("recursive");
        loops++;
        List<Stmt> body = bodyAfterTag("endfor", "else");
        loops--;
        List<Stmt> otherwise = List.of();
        if (in.next().named("else")) {
            otherwise = bodyAfterTag("endfor");
            in.next();
        }
        in.expect(Token.Type.BLOCK_END);
        return new Stmt.For(target, items, test, recursive, body, otherwise, line);
    }

    private Stmt assignment(int line) {
        Target target = target("", true);
        if (in.skip("=")) {
            Expr value = expressions.tuple(false, true, "");
            in.expect(Token.Type.BLOCK_END);
            return new Stmt.Set(target, value, line);
        }
        Expr filtered = filters(new Expr.Captured(line));
        return new Stmt.SetBlock(target, filtered, wholeBody("endset"), line);
    }

    private Expr filters(Expr of) {
        Expr value = of;
        while (in.skip("|")) {
            value = expressions.filter(value);
        }
        return value;
    }

    private Target target(String endName, boolean members) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            if (!targets.isEmpty()
                    && (in.current().named(endName) || in.current().is("="))) {
                several = true;
                break;
            }
            targets.add(oneTarget(members));
            several |= in.current().is(",");
        } while (in.skip(","));
        return several ? new Target.Several(targets) : targets.getFirst();
    }

    private Target oneTarget(boolean members) {
        if (in.skip("(")) {
            in.enter();
            Target inner = target(")", members);
            in.leave();
            in.expect(")");
            return inner;
        }
        Token name = in.expect(Token.Type.NAME);
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text())) {
            throw new TemplateSyntax(name.line(), "cannot assign to '" + name.text() + "'");
        }
        if (members && in.skip(".")) {
            return new Target.Member(name.text(), in.expect(Token.Type.NAME).text());
        }
        return new Target.Variable(name.text());
    }

    private Stmt.Signature signature() {
        List<String> names = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        in.expect("(");
        while (!in.current().is(")")) {
            if (!names.isEmpty()) {
                in.expect(",");
            }
            names.add(in.expect(Token.Type.NAME).text());
            if (in.skip("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw in.failure("a parameter without a default follows one with a default");
            }
        }
        in.expect(")");
        return new Stmt.Signature(names, defaults);
    }

    private Stmt macro(int line) {
        String name = in.expect(Token.Type.NAME).text();
        Stmt.Signature signature = signature();
        int outer = loops;
        loops = 0;
        Stmt macro = new Stmt.Macro(name, signature, wholeBody("endmacro"), line);
        loops = outer;
        return macro;
    }

    private Stmt call(int line) {
        Stmt.Signature signature = in.current().is("(") ? signature() : new Stmt.Signature(List.of(), List.of());
        Expr called = expressions.expression();
        if (!(called instanceof Expr.Call call)) {
            throw new TemplateSyntax(line, "a call block needs a call");
        }
        int outer = loops;
        loops = 0;
        Stmt statement = new Stmt.Call(call, signature, wholeBody("endcall"), line);
        loops = outer;
        return statement;
    }

    private Stmt with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (in.current().type() != Token.Type.BLOCK_END) {
            if (!targets.isEmpty()) {
                in.expect(",");
            }
            targets.add(target("", false));
            in.expect("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(targets, values, wholeBody("endwith"), line);
    }
}
