#!/bin/sh
# The cases on the host, 32 bits, with address and undefined-behaviour sanitizers.
scripts/runs-32-bit || { echo '1..0 # SKIP Linux runs no 32-bit programs here'; exit 0; }
exec build/host/32/cases
