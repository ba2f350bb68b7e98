"""Which sympy functions kernels know, and what they become."""

import math
from typing import Any

import numpy as np
import sympy as sp

# name in a graph -> what the kernel calls; `engine.adopt` puts functions with the same bits in lanes in their place
FUNCTIONS: dict[str, Any] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "fabs": math.fabs,
    "erf": math.erf,
    "erfc": math.erfc,
    "gamma": math.gamma,
    "lgamma": math.lgamma,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "minimum": np.minimum,
    "maximum": np.maximum,
}

DIRECT: dict[Any, str] = {
    sp.sin: "sin",
    sp.cos: "cos",
    sp.tan: "tan",
    sp.asin: "asin",
    sp.acos: "acos",
    sp.atan: "atan",
    sp.atan2: "atan2",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.asinh: "asinh",
    sp.acosh: "acosh",
    sp.atanh: "atanh",
    sp.exp: "exp",
    sp.log: "log",
    sp.Abs: "fabs",
    sp.erf: "erf",
    sp.erfc: "erfc",
    sp.gamma: "gamma",
    sp.loggamma: "lgamma",
    sp.sign: "sign",
    sp.floor: "floor",
    sp.ceiling: "ceil",
}
RECIPROCAL: dict[Any, str] = {
    sp.cot: "tan",
    sp.sec: "cos",
    sp.csc: "sin",
    sp.coth: "tanh",
    sp.sech: "cosh",
    sp.csch: "sinh",
}
EXTREME: dict[Any, str] = {sp.Min: "minimum", sp.Max: "maximum"}
RELATIONS: dict[Any, str] = {
    sp.StrictLessThan: "<",
    sp.LessThan: "<=",
    sp.StrictGreaterThan: ">",
    sp.GreaterThan: ">=",
    sp.Equality: "==",
    sp.Unequality: "!=",
}
STEPS = (sp.sign, sp.Heaviside, sp.floor, sp.ceiling)  # constant but for jumps: their derivative is 0 here
OTHERS = (sp.Heaviside, sp.Mod, sp.Piecewise, sp.And, sp.Or, sp.Not, sp.functions.elementary.piecewise.ExprCondPair)
SUPPORTED = frozenset({*DIRECT, *RECIPROCAL, *EXTREME, *RELATIONS, *OTHERS, sp.Add, sp.Mul, sp.Pow})


def supported_names() -> str:
    """The list for messages."""
    kinds = {*DIRECT, *RECIPROCAL, *EXTREME, sp.Heaviside, sp.Mod, sp.Piecewise}
    return ", ".join(sorted((k.__name__ for k in kinds), key=str.lower))
