#!/bin/sh
# The cases on the host, 32 bits, with address and undefined-behaviour sanitizers.
exec build/host/32/cases
