"""Where a block of lanes keeps the state of its members.

A block holds G groups of `width` members. `block` has shape (G, rows, width): named rows, then y (n), the first slope
(n), the parameters that differ between members, and what else the next step starts with. `member` (G, width) says whose
state a lane holds, -1 for nobody's.
"""

# rows of a group
T = 0
DT = 1
LOG_ERROR = 2
GROW = 3
NEXT = 4  # next requested time, infinite when none is left
ACCEPTED = 5
REFUSED = 6
FRESH = 7  # 1 where the first step is still to be chosen
BUSY = 8  # 1 where a member is at work
STATE = 9  # y, slope, parameters follow

# columns of `tally` (members, 4)
CODE = 0
STEPS = 1
REFUSALS = 2
SAVED = 3

# queue: the next member to start, and the one after the last; then what names the noise
QUEUE_NEXT = 0
QUEUE_END = 1
QUEUE_SEED = 2
QUEUE_FIRST = 3  # index in the ensemble of the first member of the queue
QUEUE_REFINE = 4
