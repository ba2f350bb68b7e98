"""UBU: the free Brownian particle exactly, for half a step, around one kick."""

from .langevin import langevin_splitting

UBU = langevin_splitting(
    "U V U",
    name="UBU",
    reference="Skeel, in: The Graduate Student's Guide to Numerical Analysis '98 (1999) 119-176; Sanz-Serna, "
    "Zygalakis, J. Mach. Learn. Res. 22 (2021) 242.",
)
