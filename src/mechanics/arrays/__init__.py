"""The array engine: states that are large arrays of any framework, on any device, with its automatic differentiation.

`solve` comes here when y0 is a torch tensor, a JAX or CuPy array, or when the drift takes three arguments,
`drift(t, y, p) -> dy`. Methods are the same records as those of the compiled engine, and steps are controlled by the
same law; nothing here imports a framework, only the one that made y0 is used.
"""
