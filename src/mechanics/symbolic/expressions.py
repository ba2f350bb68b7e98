"""What users write, checked and renamed: every symbol becomes an internal one, or is named in an error.

Internal symbols are real and sort in the order of their indices, so that terms of one shape have one form.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef

from .functions import SUPPORTED, supported_names
from .groups import Leaf
from .layout import parameter_symbol
from .records import field_name, record_type


def as_expression(value: Any, what: str) -> Any:
    """The sympy expression; numbers become one, strings are refused.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(value, str):
        raise TypeError(
            f"{what} is the string {value!r:.60}, and strings are not evaluated. Build the expression from symbols."
        )
    if isinstance(value, sp.Expr):
        return value
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return sp.Integer(int(value))
    if isinstance(value, (float, np.floating)):
        return sp.Float(float(value))
    raise TypeError(f"{what} must be a sympy expression or a number, but is a {type(value).__name__}.")


def as_symbol(value: Any, what: str) -> Any:
    """The value if it can stand for a quantity: a Symbol, an Indexed, or a function of time.

    Raises
    ------
    TypeError
        Otherwise.
    """
    if isinstance(value, (sp.Symbol, sp.Indexed, AppliedUndef)):
        return value
    hint = " Make it with sympy.Symbol." if isinstance(value, str) else ""
    raise TypeError(f"{what} must be a sympy symbol or a function of time, but is {value!r}.{hint}")


def time_of(quantities: Iterable[Any], t: Any) -> Any:
    """The symbol of time: the one given, else the argument of the functions, else None.

    Raises
    ------
    ValueError
        If functions have other arguments, or several, or different ones.
    """
    if t is not None and not isinstance(t, sp.Symbol):
        raise TypeError(f"t must be a sympy Symbol, but is {t!r}.")
    for q in quantities:
        if not isinstance(q, AppliedUndef):
            continue
        if len(q.args) != 1 or not isinstance(q.args[0], sp.Symbol):
            raise ValueError(f"{q} must be a function of time alone, such as Function('q')(t).")
        if t is not None and q.args[0] != t:
            raise ValueError(f"{q} depends on {q.args[0]}, but time is {t}.")
        t = q.args[0]
    return t


class Names:
    """The symbols of a system and what they become.

    Attributes
    ----------
    record : class
        NamedTuple of the parameters.
    leaves : dict
        What each internal symbol stands for.
    """

    def __init__(self, parameters: Any, t: Any) -> None:
        self.leaves: dict[Any, Leaf] = {}
        self.sizes: list[int | None] = []
        self.parameters: list[Any] = []
        self._internal: dict[Any, Any] = {}
        if t is not None:
            self._bind(t, sp.Symbol("t", real=True), Leaf("t", 0))
        fields: dict[str, Any] = {}
        for given, value in _parameters(parameters):
            field = field_name(given)
            if field in fields:
                raise ValueError(f"Parameters {fields[field]} and {given} would both be the field {field}; rename one.")
            fields[field] = given
            k = len(self.sizes)
            self.parameters.append(value)
            if isinstance(value, tuple):
                self.sizes.append(len(value))
                for i, item in enumerate(value):
                    self._bind(item, sp.Symbol(f"b{k:03d}_{i:06d}", real=True), Leaf("item", k, i))
            else:
                self.sizes.append(None)
                self._bind(value, parameter_symbol(k), Leaf("parameter", k))
        self.record: Any = record_type(tuple(fields))

    def state(self, family: str, quantities: Sequence[Any]) -> None:
        """Give the quantities of a family their internal symbols."""
        for i, q in enumerate(quantities):
            self._bind(q, sp.Symbol(f"{family}{i:06d}", real=True), Leaf(family, i))

    def _bind(self, user: Any, internal: Any, leaf: Leaf) -> None:
        if user in self._internal:
            raise ValueError(f"{user} is given twice; state, parameters and time need different symbols.")
        self._internal[user] = internal
        self.leaves[internal] = leaf

    def rename(self, expression: Any, what: str) -> Any:
        """The expression in internal symbols.

        Raises
        ------
        ValueError
            If it holds a symbol that is neither state nor parameter nor time, an unknown derivative, or a function that
            kernels lack.
        """
        e = expression
        found = self._internal.get(e)
        if found is not None:
            return found
        if isinstance(e, (sp.Symbol, sp.Indexed, AppliedUndef)):
            raise ValueError(
                f"{what} contains {e}, which is neither a state nor a parameter nor time. List it in parameters=, "
                f"or replace it by a number."
            )
        if isinstance(e, sp.Derivative):
            raise ValueError(
                f"{what} contains {e}, which is no component of the state. Call .doit() if it can be carried out; "
                f"equations must be solved for their highest derivatives."
            )
        if e.is_Atom:
            if e.is_number and not (e.is_real and e.is_finite):
                raise ValueError(f"{what} contains {e}, which is no finite real number; kernels know no others.")
            return e
        if type(e) not in SUPPORTED:
            raise ValueError(
                f"{what} contains {e}, but kernels have no {type(e).__name__}. Supported are {supported_names()}."
            )
        return e.func(*(self.rename(a, what) for a in e.args))


def _parameters(parameters: Any) -> Iterable[tuple[str, Any]]:
    if parameters is None:
        return
    if isinstance(parameters, str):
        raise TypeError(f"parameters must be sympy symbols, but is the string {parameters!r}.")
    if isinstance(parameters, Mapping):
        for name, value in parameters.items():
            if isinstance(value, (list, tuple, np.ndarray)):
                yield str(name), tuple(as_symbol(v, f"parameters[{name!r}]") for v in value)
            else:
                yield str(name), as_symbol(value, f"parameters[{name!r}]")
        return
    for symbol in [parameters] if isinstance(parameters, sp.Basic) else parameters:
        yield str(as_symbol(symbol, "a parameter")), symbol
