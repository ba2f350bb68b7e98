"""Composition of 17 leapfrog steps of order 8, with steps of moderate length (0.61 at most, YOSHIDA8: 2.4)."""

from .method import Method
from .splitting import composition

KAHAN_LI8 = Method(
    name="KAHAN_LI8",
    order=8,
    data=composition(
        [
            0.1302024830888900808788176320967005223572,
            0.5611629817751083845619644077001505672662,
            -0.3894749626448472864080785982352483888361,
            0.1588419065551556008962107457071524814121,
            -0.3959038941332375773362315393479389360268,
            0.1845396409783157070918325415333754628190,
            0.2583743876863220472939791099949394718131,
            0.2950117236093102988709662402182281129765,
        ],
        compensated=True,
    ),
    reference="Kahan, Li, Math. Comp. 66 (1997) 1089-1099, scheme s17odr8a.",
)
