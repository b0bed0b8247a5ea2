#!/bin/sh
# Millions of operations on the host, 32 bits.
scripts/runs-32-bit || { echo '1..0 # SKIP Linux runs no 32-bit programs here'; exit 0; }
exec build/fast/32/stress
