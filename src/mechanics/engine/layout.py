"""Positions in the arrays that carry a run's state between calls, and the codes with which a call returns."""

# real: float64
T = 0  # current time
DT = 1  # length of the next step, signed
LOG_ERROR = 2  # log2 of the mean square error of the last accepted step
ORIGIN = 3  # fixed steps: the time of step 0
RESUME_T = 4  # the three above before the last step was cut to end at t1
RESUME_DT = 5
RESUME_LOG_ERROR = 6
SEEN = 7  # output exists up to this time
GROW = 8  # largest dt_new / dt after this step
RESUME_GROW = 9
REALS = 10

# whole: int64
ACCEPTED = 0  # steps
REFUSED = 1  # attempts
EVALUATIONS = 2  # of the drift, beyond those of the steps
DENSE_EVALUATIONS = 3  # steps whose interpolant was needed
SAVED = 4  # rows in use
SAVE_NEXT = 5  # next requested time
STARTED = 6  # whether DT holds a step length
DENSE_READY = 7  # whether Q belongs to this step
NAN_SEEN = 8  # attempts refused since the last accepted step because a value was not finite
INDEX = 9  # fixed steps: steps since ORIGIN
RESUME_INDEX = 10
CUT = 11  # whether the state to resume from has been kept: 0, 1, or AT_START
LOGGED = 12  # entries in the event log
STOPPED_BY = 13  # index of the terminal event, else -1
FIXED = 14  # whether steps have a fixed length
JACOBIANS = 15  # evaluations of the Jacobian
FACTORISATIONS = 16  # of matrices of n rows
NEWTON_FAILED = 17  # attempts refused since the last accepted step because Newton's iteration did not converge
# runs that change their method (`engine.auto`)
MODE = 18  # which method is at work
SCORE = 19  # steps that count towards a change
CHECK = 20  # implicit steps until the Jacobian is looked at
LEVEL = 21  # changes since the start
RESUME_MODE = 22  # the four above before the last step was cut
RESUME_SCORE = 23
RESUME_CHECK = 24
RESUME_LEVEL = 25
SWITCHES = 26  # changes in this run
IMPLICIT = 27  # accepted implicit steps in this run
SEED = 28  # of the noise, as the bits of an unsigned word
MEMBER = 29  # whose noise it is
REFINE = 30  # steps of the noise in a step of the method; 0 where there is no noise
WHOLES = 31

AT_START = 2  # it is the start, before the first step was chosen

# marks: float64 (MARKS, events)
BEFORE = 0  # g at the start of the step; 0 where its sign is not known
FIRED = 1  # how often so far
DIRECTION = 2
STOP = 3  # stop when it has fired so often
RESUME_BEFORE = 4  # BEFORE at the state to resume from
MARKS = 5

# return codes
DONE = 0
LIMIT = 1  # attempts used up
FULL = 2  # no room to save another step
UNDERFLOW = 3  # the step became too short for time to advance
NON_FINITE = 4  # slope at an accepted point, or result of a fixed step
EVENT = 5  # a terminal event
NO_CONVERGENCE = 6  # the equations of an implicit step
