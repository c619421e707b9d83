package dev.cutaway.text.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads expressions, with Jinja's precedence: conditional, or, and, not, comparison, {@code + -}, {@code ~},
 * {@code * / // %}, {@code **}, sign, then subscripts, calls, filters and tests.
 */
final class ExprParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");

    private final TokenStream in;

    ExprParser(TokenStream in) {
        this.in = in;
    }

    Expr expression() {
        in.enter();
        Expr value = or();
        while (in.current().named("if")) {
            int line = in.next().line();
            Expr test = or();
            Expr no = in.skipName("else") ? expression() : null;
            value = new Expr.Conditional(test, value, no, line);
        }
        in.leave();
        return value;
    }

    /** An expression, or several separated by commas, which are a tuple. */
    Expr tuple(boolean parenthesised, boolean conditional, String endName) {
        int line = in.current().line();
        List<Expr> items = new ArrayList<>();
        boolean tuple = false;
        while (true) {
            if (!items.isEmpty()) {
                in.expect(",");
            }
            if (atTupleEnd(endName)) {
                break;
            }
            items.add(conditional ? expression() : or());
            if (!in.current().is(",")) {
                break;
            }
            tuple = true;
        }
        if (!tuple && !items.isEmpty()) {
            return items.getFirst();
        }
        if (!tuple && !parenthesised) {
            throw in.failure("expected an expression, found " + in.current().shown());
        }
        return new Expr.Sequence(Value.Kind.TUPLE, items, line);
    }

    private boolean atTupleEnd(String endName) {
        Token token = in.current();
        return token.type() == Token.Type.VARIABLE_END
                || token.type() == Token.Type.BLOCK_END
                || token.is(")")
                || (!endName.isEmpty() && token.named(endName));
    }

    /** An expression without a trailing {@code if}. */
    Expr or() {
        Expr left = and();
        while (in.current().named("or")) {
            int line = in.next().line();
            left = new Expr.Or(left, and(), line);
        }
        return left;
    }

    private Expr and() {
        Expr left = not();
        while (in.current().named("and")) {
            int line = in.next().line();
            left = new Expr.And(left, not(), line);
        }
        return left;
    }

    private Expr not() {
        if (!in.current().named("not")) {
            return comparison();
        }
        in.enter();
        int line = in.next().line();
        Expr value = new Expr.Not(not(), line);
        in.leave();
        return value;
    }

    private Expr comparison() {
        int line = in.current().line();
        Expr first = sum();
        List<Expr.Operand> rest = new ArrayList<>();
        while (true) {
            Token token = in.current();
            if (token.type() == Token.Type.OPERATOR && COMPARISONS.contains(token.text())) {
                in.next();
                rest.add(new Expr.Operand(token.text(), sum()));
            } else if (in.skipName("in")) {
                rest.add(new Expr.Operand("in", sum()));
            } else if (token.named("not") && in.look().named("in")) {
                in.next();
                in.next();
                rest.add(new Expr.Operand("not in", sum()));
            } else {
                return rest.isEmpty() ? first : new Expr.Comparison(first, rest, line);
            }
        }
    }

    private Expr sum() {
        Expr left = concat();
        while (in.current().is("+") || in.current().is("-")) {
            Token operator = in.next();
            left = new Expr.Binary(operator.text(), left, concat(), operator.line());
        }
        return left;
    }

    private Expr concat() {
        int line = in.current().line();
        Expr first = product();
        if (!in.current().is("~")) {
            return first;
        }
        List<Expr> parts = new ArrayList<>(List.of(first));
        while (in.skip("~")) {
            parts.add(product());
        }
        return new Expr.Concat(parts, line);
    }

    private Expr product() {
        Expr left = power();
        while (in.current().type() == Token.Type.OPERATOR
                && PRODUCTS.contains(in.current().text())) {
            Token operator = in.next();
            left = new Expr.Binary(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expr power() {
        Expr left = unary(true);
        while (in.current().is("**")) {
            int line = in.next().line();
            left = new Expr.Binary("**", left, unary(true), line);
        }
        return left;
    }

    private Expr unary(boolean filters) {
        Token token = in.current();
        Expr value;
        if (token.is("-") || token.is("+")) {
            in.enter();
            in.next();
            value = new Expr.Sign(token.is("-"), unary(false), token.line());
            in.leave();
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filtersAndTests(value) : value;
    }

    Expr primary() {
        Token token = in.current();
        return switch (token.type()) {
            case NAME -> name(in.next());
            case STRING -> new Expr.Const(new Value.Str(strings()), token.line());
            case INTEGER -> new Expr.Const(integer(in.next()), token.line());
            case FLOAT ->
                new Expr.Const(new Value.Real(Double.parseDouble(in.next().text())), token.line());
            case OPERATOR -> bracketed(token);
            default -> throw in.failure("unexpected " + token.shown());
        };
    }

    private Expr bracketed(Token token) {
        in.enter();
        Expr value = switch (token.text()) {
            case "(" -> {
                in.next();
                Expr inner = tuple(true, true, "");
                in.expect(")");
                yield inner;
            }
            case "[" -> list();
            case "{" -> mapping();
            default -> throw in.failure("unexpected " + token.shown());
        };
        in.leave();
        return value;
    }

    private static Expr name(Token token) {
        return switch (token.text()) {
            case "true", "True" -> new Expr.Const(Value.Bool.TRUE, token.line());
            case "false", "False" -> new Expr.Const(Value.Bool.FALSE, token.line());
            case "none", "None" -> new Expr.Const(Value.None.NONE, token.line());
            default -> new Expr.Name(token.text(), token.line());
        };
    }

    private String strings() {
        StringBuilder text = new StringBuilder();
        while (in.current().type() == Token.Type.STRING) {
            text.append(in.next().text());
        }
        return text.toString();
    }

    private Value integer(Token token) {
        String text = token.text();
        int radix = text.length() < 2
                ? 10
                : switch (text.charAt(1)) {
                    case 'x', 'X' -> 16;
                    case 'o', 'O' -> 8;
                    case 'b', 'B' -> 2;
                    default -> 10;
                };
        try {
            return new Value.Int(Long.parseLong(radix == 10 ? text : text.substring(2), radix));
        } catch (NumberFormatException e) {
            throw new TemplateSyntax(token.line(), "the integer " + text + " does not fit 64 bits");
        }
    }

    private Expr list() {
        int line = in.next().line();
        List<Expr> items = new ArrayList<>();
        while (!in.current().is("]")) {
            if (!items.isEmpty()) {
                in.expect(",");
            }
            if (in.current().is("]")) {
                break;
            }
            items.add(expression());
        }
        in.expect("]");
        return new Expr.Sequence(Value.Kind.LIST, items, line);
    }

    private Expr mapping() {
        int line = in.next().line();
        List<Map.Entry<Expr, Expr>> entries = new ArrayList<>();
        while (!in.current().is("}")) {
            if (!entries.isEmpty()) {
                in.expect(",");
            }
            if (in.current().is("}")) {
                break;
            }
            Expr key = expression();
            in.expect(":");
            entries.add(Map.entry(key, expression()));
        }
        in.expect("}");
        return new Expr.Mapping(entries, line);
    }

    private Expr postfix(Expr of) {
        Expr value = of;
        while (true) {
            if (in.current().is(".")) {
                value = attribute(value);
            } else if (in.current().is("[")) {
                value = subscript(value);
            } else if (in.current().is("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private Expr attribute(Expr of) {
        int line = in.next().line();
        Token name = in.next();
        return switch (name.type()) {
            case NAME -> new Expr.Attribute(of, name.text(), line);
            case INTEGER -> new Expr.Item(of, new Expr.Const(integer(name), line), line);
            default -> throw new TemplateSyntax(line, "expected a name or number after '.', found " + name.shown());
        };
    }

    private Expr subscript(Expr of) {
        int line = in.next().line();
        Expr from = in.current().is(":") ? null : expression();
        if (from != null && in.skip(",")) {
            throw new TemplateSyntax(line, "subscripts with a comma are not supported");
        }
        if (from != null && in.skip("]")) {
            return new Expr.Item(of, from, line);
        }
        in.expect(":");
        Expr to = sliceEnd() ? null : expression();
        Expr step = in.skip(":") && !sliceEnd() ? expression() : null;
        in.expect("]");
        return new Expr.Slice(of, from, to, step, line);
    }

    private boolean sliceEnd() {
        return in.current().is("]") || in.current().is(":");
    }

    Expr.Call call(Expr function) {
        int line = in.current().line();
        return new Expr.Call(function, arguments(), line);
    }

    private Expr filtersAndTests(Expr of) {
        Expr value = of;
        while (true) {
            if (in.current().is("|")) {
                in.next();
                value = filter(value);
            } else if (in.current().named("is")) {
                value = test(value);
            } else if (in.current().is("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    /** Filters from a name on, as after {@code |} and in filter blocks. */
    Expr filter(Expr of) {
        Token name = in.expect(Token.Type.NAME);
        Expr.Arguments arguments = in.current().is("(") ? arguments() : Expr.Arguments.NONE;
        return new Expr.Filter(of, name.text(), arguments, name.line());
    }

    private Expr test(Expr of) {
        int line = in.next().line();
        boolean negated = in.skipName("not");
        Token name = in.expect(Token.Type.NAME);
        Expr.Arguments arguments = Expr.Arguments.NONE;
        if (in.current().is("(")) {
            arguments = arguments();
        } else if (startsTestArgument(in.current())) {
            Expr argument = postfix(primary());
            arguments = new Expr.Arguments(List.of(argument), List.of(), null, null);
        }
        Expr test = new Expr.Test(of, name.text(), arguments, line);
        return negated ? new Expr.Not(test, line) : test;
    }

    private boolean startsTestArgument(Token token) {
        return switch (token.type()) {
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.is("[") || token.is("{");
            case NAME -> {
                if (token.named("is")) {
                    throw in.failure("tests cannot be chained with 'is'");
                }
                yield !token.named("else") && !token.named("or") && !token.named("and");
            }
            default -> false;
        };
    }

    private Expr.Arguments arguments() {
        in.enter();
        in.expect("(");
        List<Expr> positional = new ArrayList<>();
        List<Map.Entry<String, Expr>> named = new ArrayList<>();
        @Nullable Expr rest = null;
        @Nullable Expr namedRest = null;
        boolean first = true;
        while (!in.current().is(")")) {
            if (!first) {
                in.expect(",");
                if (in.current().is(")")) {
                    break;
                }
            }
            first = false;
            if (in.skip("*")) {
                rest = expression();
            } else if (in.skip("**")) {
                namedRest = expression();
            } else if (in.current().type() == Token.Type.NAME && in.look().is("=")) {
                String name = in.next().text();
                in.next();
                named.add(Map.entry(name, expression()));
            } else if (named.isEmpty() && rest == null && namedRest == null) {
                positional.add(expression());
            } else {
                throw in.failure("a positional argument follows a named one");
            }
        }
        in.expect(")");
        in.leave();
        return new Expr.Arguments(positional, named, rest, namedRest);
    }
}
