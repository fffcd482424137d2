"""The tests. Arithmetic runs in one thread, here and in every process that a test starts: tests run beside one another anyway,
and a second thread of BLAS mostly spins while it waits. A drawn knee takes 0.5 s of processor time with one, 0.8 with two."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
