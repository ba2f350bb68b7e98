"""Positions in the memory of a multistep method: what it carries from step to step beside y."""

ORDER = 0  # q; 0 where there is no history: at the start, and after an event
WAIT = 1  # steps until a change of order is considered
SCALE = 2  # step length by which the Nordsieck array is scaled
GROWTH = 3  # largest ratio of the next step; 1 after a refused attempt
LU_SHIFT = 4  # l_1 / dt in the factorised matrix; 0 where there is none
LU_AGE = 5  # accepted steps since
J_AGE = 6  # accepted steps since the Jacobian was evaluated
RATE = 7  # of convergence of Newton's iteration
KEPT_RATIO = 8  # of the correction that is kept to estimate the error of the next order; 0 where there is none
REFUSED_ERROR = 9  # attempts of this step refused for their error
STEPS = 10  # accepted since the history began
PAST = 11  # lengths of the last steps, newest first
MOST_PAST = 7
HEAD = PAST + MOST_PAST  # then the Nordsieck array, the kept correction, and the matrices

ROWS = 6  # of the Nordsieck array

# Coefficients of errors, `bdf_terms.terms`
SAME = 0
LOWER = 1
HIGHER = 2
RATIO = 3
TERMS = 4
