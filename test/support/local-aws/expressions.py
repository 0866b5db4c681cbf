"""The two small languages of alarms: metric math, as far as the stack writes it, and the rule of a composite alarm.

Both are read by Python's own parser after a translation, and only what is listed here is evaluated.
"""

import ast
import operator
import re

OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}


def value_of(expression, values):
    """One period of a metric math expression; None where a metric has no value."""
    return evaluate(ast.parse(expression, mode="eval").body, values)


def rule_state(rule, states):
    """"ALARM" or "OK", by the states of other alarms, which are known by their names and ARNs."""

    def holds(match):
        state, name = match.groups()
        return str(states[name] == state)

    text = re.sub(r'\b(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]+?)"?\s*\)', holds, rule)
    for word, python in {"AND": "and", "OR": "or", "NOT": "not", "TRUE": "True", "FALSE": "False"}.items():
        text = re.sub(rf"\b{word}\b", python, text)
    return "ALARM" if evaluate(ast.parse(text.strip(), mode="eval").body, {}) else "OK"


def evaluate(node, values):
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name):
            return values[name]
        case ast.BoolOp(op, parts):
            holds = all if isinstance(op, ast.And) else any
            return holds(evaluate(part, values) for part in parts)
        case ast.UnaryOp(ast.Not(), operand):
            return not evaluate(operand, values)
        case ast.BinOp(left, op, right):
            return applied(op, left, right, values)
        case ast.Compare(left, [op], [right]):
            return applied(op, left, right, values)
        case ast.Call(ast.Name("IF"), [condition, then, otherwise]):
            chosen = evaluate(condition, values)
            return None if chosen is None else evaluate(then if chosen else otherwise, values)
    raise NotImplementedError(f"expression {ast.unparse(node)}")


def applied(op, left, right, values):
    one, other = evaluate(left, values), evaluate(right, values)
    return None if one is None or other is None else OPERATIONS[type(op)](one, other)
